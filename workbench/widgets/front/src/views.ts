/** The views beside the explorer, in a module of their own. */

import { h, write } from "./dom.ts";
import { type Kind, module } from "./mount.ts";
import style from "./views.css";
import { compareViews } from "./views/compare.ts";
import { imageList } from "./views/image_list.ts";
import { pictureView } from "./views/picture.ts";
import { proFigure } from "./views/pro.ts";
import { sweepView } from "./views/sweep.ts";
import { thresholdView } from "./views/threshold.ts";
import { toolbar } from "./views/toolbar.ts";

const threshold: Kind = {
  title: "threshold view",
  wants: { neurons: false, pictures: true },
  views(open) {
    const context = open();
    return [
      toolbar(context, false),
      h("div.ne-body.ne-only-threshold",
        imageList(context),
        pictureView(context),
        thresholdView(context, proFigure(context)),
      ),
    ];
  },
};

const sweep: Kind = {
  title: "view of settings",
  wants: { neurons: false, pictures: true },
  views(open) {
    const context = open();
    return [
      toolbar(context, false),
      h("div.ne-body.ne-settings",
        sweepView(context),
        imageList(context),
        pictureView(context),
        thresholdView(context),
      ),
    ];
  },
};

const compare: Kind = {
  title: "comparison of two runs",
  wants: { neurons: false, pictures: true },
  views(open) {
    const [first, second] = [open(), open(1)];
    const pictures = [first, second].map((context) => pictureView(context));
    pictures[1].classList.add("ne-second");
    const { scatter, facts } = compareViews(first, second, (names) => {
      pictures.forEach((view, at) => write(view.querySelector("h3") as Element, names[at]));
    });
    return [toolbar(first, false), h("div.ne-body.ne-two", imageList(first), scatter, facts, ...pictures)];
  },
};

const KINDS: Readonly<Record<string, Kind>> = { threshold, sweep, compare };

const { render, mountFile } = module((view) => KINDS[String(view)] ?? threshold, style);

export { mountFile };
export default { render };
