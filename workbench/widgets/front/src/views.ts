/** The views beside the explorer, in a module of their own. */

import { h } from "./dom.ts";
import { type Kind, module } from "./mount.ts";
import style from "./views.css";
import { imageList } from "./views/image_list.ts";
import { pictureView } from "./views/picture.ts";
import { proFigure } from "./views/pro.ts";
import { thresholdView } from "./views/threshold.ts";
import { toolbar } from "./views/toolbar.ts";

const threshold: Kind = {
  title: "threshold view",
  wants: { neurons: false, pictures: true },
  views(open) {
    const context = open();
    return [
      toolbar(context),
      h("div.ne-body.ne-only-threshold",
        imageList(context),
        pictureView(context),
        thresholdView(context, proFigure(context)),
      ),
    ];
  },
};

const KINDS: Readonly<Record<string, Kind>> = { threshold };

const { render, mountFile } = module((view) => KINDS[String(view)] ?? threshold, style);

export { mountFile };
export default { render };
