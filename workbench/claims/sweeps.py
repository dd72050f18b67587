"""What has to be run for claims 1 to 5: methods, support sets, and the grids of them."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from workbench.baselines.method import Method
from workbench.baselines.registry import METHODS
from workbench.benchmark.cell import Key
from workbench.benchmark.grid import Grid
from workbench.claims.contrasts import weighted
from workbench.claims.plan import REPLACED, SWEEP_DRAWS, WEIGHTS, Plan
from workbench.excavation.settings import Settings
from workbench.images.samples import Dataset, Sample


@dataclass(frozen=True)
class ShotsOfSome(Grid):
    """A grid in which some methods only have the support sets of one size.

    All are judged on the same pass over the images. `everywhere` are the methods that have all
    numbers of shots; the others have `central`.
    """

    everywhere: frozenset[str] = frozenset()
    central: int = 4

    def keys(self, data: str, category: str) -> list[Key]:
        """Return the cells of a category."""
        return [
            key
            for key in super().keys(data, category)
            if key.shots in (0, self.central) or key.method in self.everywhere
        ]


def detection_grid(plan: Plan) -> ShotsOfSome | None:
    """Return the grid behind claims 1 to 4, as far as they are asked for; `None` if none is."""
    methods = _methods(plan)
    if not methods:
        return None
    everywhere = frozenset({"lake", "lake_visual"}) if 4 in plan.claims else frozenset[str]()
    return ShotsOfSome(
        methods=tuple(methods),
        shots=plan.shots if 4 in plan.claims else (plan.central,),
        seeds=plan.seeds,
        protocol=plan.protocol,
        draws=plan.draws,
        intervals=False,  # of differences they are taken, from the images' scores
        everywhere=everywhere,
        central=plan.central,
    )


def contamination_grids(plan: Plan, dataset: Dataset) -> dict[str, Grid]:
    """Return the grid behind claim 5 for every category that has anomalies to spare.

    The images that contaminate leave the test set of every cell. Where fewer than half of the
    anomalies would stay, only the smaller contamination is measured, or the category is left out.
    """
    made = _made(plan)
    found: dict[str, Grid] = {}
    for category in dataset.categories:
        samples = dataset[category]
        for most in range(min(REPLACED[-1], plan.central), 0, -1):
            grid = Grid(
                methods=(made["lake"], made["lake_visual"]),
                shots=(plan.central,),
                seeds=plan.seeds,
                protocol=plan.protocol,
                contaminated=tuple(replaced for replaced in REPLACED if replaced <= most),
                draws=plan.draws,
                intervals=False,
            )
            if _enough_stay(grid, samples, most):
                found[category] = grid
                break
    return found


def _enough_stay(grid: Grid, samples: Sequence[Sample], most: int) -> bool:
    anomalies = sum(s.split == "test" and s.label == 1 for s in samples)
    if anomalies <= most:
        return False
    return 2 * sum(sample.label == 1 for sample in grid.tests(samples)) >= anomalies


def _made(plan: Plan) -> dict[str, Method]:
    settings = Settings(k=plan.k)
    names = ("lake", "lake_raw", "lake_visual", "random_k", "bottom_k")
    return {
        name: METHODS[name](settings) for name in (*names, "all_channels", "pca_k", "projection_k")
    }


def _methods(plan: Plan) -> list[Method]:
    """Return the methods of claims 1 to 4, each once."""
    made = _made(plan)
    found: dict[str, Method] = {}

    def take(*methods: Method) -> None:
        found.update({method.name: method for method in methods})

    if 1 in plan.claims:
        take(*(made[name] for name in ("lake_visual", "random_k", "bottom_k", "pca_k")))
        take(made["projection_k"], made["all_channels"])
        for layer in range(plan.layers):
            site = f"blocks.{layer}.hook_resid_post"
            for name in ("lake_visual", "all_channels"):
                method = METHODS[name](Settings(k=plan.k, site=site))
                take(_named(method, f"{name}_layer-{layer}", f"block {layer}"))
    if 2 in plan.claims:
        take(made["lake_visual"], made["all_channels"], made["random_k"])
        for k in plan.ks:
            for name, draws in (("lake_visual", 1), ("random_k", SWEEP_DRAWS)):
                method = METHODS[name](Settings(k=k))
                take(_named(method, f"{name}_k-{k}", f"K = {k}", draws))
    if 3 in plan.claims:
        take(made["lake"], made["lake_visual"], made["lake_raw"])
        for raw in (False, True):
            for weight in WEIGHTS:
                name = weighted(weight, raw)
                method = METHODS["lake_raw" if raw and weight < 1 else "lake"](
                    Settings(k=plan.k, text_weight=weight)
                )
                take(_named(method, name, f"text weight {weight:g}"))
    if 4 in plan.claims:
        take(made["lake"], made["lake_visual"])
    return list(found.values())


def _named(method: Method, name: str, what: str, draws: int | None = None) -> Method:
    changes = {"name": name, "title": f"{method.title}, {what}", "draws": draws or method.draws}
    return replace(method, **changes)  # type: ignore[type-var]
