"""The verbs of the command line: each says its options and does its job.

Nothing here imports torch until a verb runs, so that `workbench --help` is quick.
"""

from workbench.verbs import (
    benchmark,
    claims,
    datasets,
    demo,
    detect,
    evaluate,
    excavate,
    figures,
    grade,
    lab,
    models,
    neurons,
    parity,
    record,
    store,
)
from workbench.verbs.outcome import Outcome, Verb

VERBS: tuple[Verb, ...] = (
    Verb(
        "demo",
        "excavate the embedded categories and report on every figure and control",
        "workbench demo --out out/demo",
        demo.options,
        demo.run,
    ),
    Verb(
        "datasets",
        "say what a folder of images holds, and what is wrong with it",
        "workbench datasets data/mvtec --write-meta data/mvtec/meta.json",
        datasets.options,
        datasets.run,
    ),
    Verb(
        "excavate",
        "find the sensitive neurons of a few normal images, and what normal looks like to them",
        "workbench excavate data/mvtec/bottle --model ViT-L-14-336-quickgelu:openai --shots 4 "
        "--out runs/bottle",
        excavate.options,
        excavate.run,
    ),
    Verb(
        "detect",
        "score images with a run and paint what it found over them",
        "workbench detect runs/bottle new_photos/ --out out/bottle",
        detect.options,
        detect.run,
    ),
    Verb(
        "evaluate",
        "compare a run with labelled test images",
        "workbench evaluate runs/bottle data/mvtec/bottle --out out/bottle",
        evaluate.options,
        evaluate.run,
    ),
    Verb(
        "benchmark",
        "compare methods on whole data sets: every category, support set and metric",
        "workbench benchmark data/mvtec --model ViT-B-16-quickgelu:openai --shots 1,2,4 "
        "--seeds 0-4 --out out/mvtec",
        benchmark.options,
        benchmark.run,
    ),
    Verb(
        "claims",
        "put the paper's claims to a model and data: holds, does not hold, undecided",
        "workbench claims data/mvtec --model ViT-B-16-quickgelu:openai --out out/claims",
        claims.options,
        claims.run,
    ),
    Verb(
        "figures",
        "draw the figures of a paper from a folder of results, with captions and data",
        "workbench figures out/benchmark --out out/figures --format pdf,html",
        figures.options,
        figures.run,
    ),
    Verb(
        "record",
        "run a model over many images once and write down what its neurons did",
        "workbench record photos/ --model ViT-B-16-quickgelu:openai "
        "--site 'blocks.*.mlp.hook_post' --out photos.store",
        record.options,
        record.run,
    ),
    Verb(
        "store",
        "look into a recording, check every byte of it, draw its neurons' exemplars",
        "workbench store sheet photos.store --out sheet.png",
        store.options,
        store.run,
    ),
    Verb(
        "neurons",
        "say of every selected neuron what it answers to, what it carries, what it is called",
        "workbench neurons runs/bottle --out out/bottle_neurons",
        neurons.options,
        neurons.run,
    ),
    Verb(
        "parity",
        "certify that looking inside a model does not change what it computes",
        "workbench parity ViT-B-16-quickgelu:openai",
        parity.options,
        parity.run,
    ),
    Verb(
        "models",
        "list the models that can be looked into",
        "workbench models --name ViT-L",
        models.options,
        models.run,
    ),
    Verb(
        "grade",
        "run students' notebooks of the course and list which exercises pass",
        "workbench grade submissions/ --out grades.csv",
        grade.options,
        grade.run,
    ),
    Verb(
        "lab",
        "open JupyterLab on the notebooks",
        "workbench lab",
        lab.options,
        lab.run,
    ),
)

__all__ = ["VERBS", "Outcome", "Verb"]
