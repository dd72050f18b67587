/** The explorer: every view of neurons, images and patches, linked. */

import { h } from "./dom.ts";
import { type Kind, module } from "./mount.ts";
import style from "./explorer.css";
import { imageList } from "./views/image_list.ts";
import { neuronMap } from "./views/neuron_map.ts";
import { neuronPanel } from "./views/neuron_panel.ts";
import { pictureView } from "./views/picture.ts";
import { shareBars } from "./views/shares.ts";
import { thresholdView } from "./views/threshold.ts";
import { toolbar } from "./views/toolbar.ts";

const explorer: Kind = {
  title: "neuron explorer",
  wants: { neurons: true, pictures: true },
  views(open) {
    const context = open();
    const parts = [imageList, pictureView, shareBars, neuronPanel, neuronMap, thresholdView];
    return [toolbar(context), h("div.ne-body", ...parts.map((part) => part(context)))];
  },
};

const { render, mountFile } = module(() => explorer, style);

export { mountFile };
export default { render };
