"""What the report explains in words: metrics, standing of the method’s parts, limits."""

METRIC_NAMES = {
    "image_auroc": "Image AUROC",
    "image_ap": "Image AP",
    "image_f1_max": "Image F1-max",
    "image_fpr95": "Image FPR95",
    "image_balanced_accuracy": "Image balanced accuracy",
    "pixel_auroc": "Pixel AUROC",
    "pixel_ap": "Pixel AP",
    "pixel_f1_max": "Pixel F1-max",
    "pixel_aupro": "AUPRO to 30 %",
    "pixel_aupro_05": "AUPRO to 5 %",
    "pixel_aupimo": "AUPIMO",
}

LOWER_IS_BETTER = frozenset({"image_fpr95"})

METRIC_MEANINGS = {
    "image_auroc": "How often a defective picture scores above a normal one. 50 is chance, 100 is "
    "perfect.",
    "image_ap": "Average precision over the ranking of the pictures. Chance is the share of "
    "defective pictures, not 50.",
    "image_f1_max": "The best F1 that any threshold reaches. It is an oracle number: the threshold "
    "is picked on the test labels, which nobody has in use.",
    "image_fpr95": "The share of normal pictures that raise a false alarm when 95 % of the "
    "defective ones are to be caught. Lower is better.",
    "image_balanced_accuracy": "The mean of the shares of normal and of defective pictures judged "
    "rightly at the threshold, which was set without any label. 50 is chance.",
    "pixel_auroc": "The same as image AUROC, over single pixels against the ground-truth masks. "
    "Most pixels are normal and easy, so high values come easily.",
    "pixel_ap": "Average precision over all pixels. Chance is the share of anomalous pixels, often "
    "below 5.",
    "pixel_f1_max": "The best F1 over pixels that any threshold reaches: an oracle number too.",
    "pixel_aupro": "How much of each separate defect is covered, on average over the defects, "
    "while at most 30 % of the normal pixels are marked. Small defects count as much as large "
    "ones.",
    "pixel_aupro_05": "The same while at most 5 % of the normal pixels are marked: stricter.",
    "pixel_aupimo": "How much of each picture’s defect is covered at almost no false alarms: "
    "between one normal pixel in 100,000 and one in 10,000 marked.",
}

PROTOCOL_RULES = {
    "nested": "drawn without replacement from the training normals sorted by name, seeded by the "
    "seed and the category’s name, so that a smaller set is the beginning of a larger one",
    "blocks": "images seed × shots to (seed + 1) × shots of the training normals sorted by name",
}

CASE_TITLES = {
    "false alarms": "Worst false alarms",
    "misses": "Worst misses",
    "badly placed": "Caught, but badly placed",
}

CONTROL_MEANINGS = {
    "top": "The K neurons that vary most over the normal pictures: LAKE’s own choice.",
    "random": "K neurons drawn at random; mean and standard deviation over the draws. If the "
    "choice matters, LAKE’s must be above this.",
    "bottom": "The K neurons that vary least.",
    "all": "Every neuron of the site. If the selection is compact, LAKE’s is close to this.",
    "visual": "The distance to normal patches alone, with LAKE’s neurons.",
    "text": "The comparison with words (“a photo of a damaged …”) alone. It does not depend on the "
    "selection.",
    "both": "Both together: the detector of this report.",
}

STATED = (
    "A few normal pictures suffice to find the anomaly-sensitive neurons; nothing is trained.",
    "Sensitivity is the variance of a neuron over normal patches.",
    "Visual and cross-modal scores are joined; a picture scores as its highest patch.",
)
REPORTED = (
    "The neurons are channels of the image tower’s patch tokens; K = 100 are kept.",
    "Patches are compared with a gallery of normal patches.",
    "A text weight of 0.3 is best.",
)
CHOSEN = (
    "The layer, at half the tower’s depth, the same for all products and never picked on labels.",
    "Cosine distance to the one nearest patch, temperature 0.01, the WinCLIP prompts.",
    "Both scores are standardised on held-out support pictures before they are added.",
    "Pictures squashed to a square, never cropped; maps upsampled and lightly smoothed.",
)

LIMITS = (
    "These figures hold for this model, these pictures and this support set. Another draw of the "
    "support, or another model, gives others.",
    "With some tens of test pictures per product, differences of a few points of AUROC can be "
    "chance.",
    "High variance may simply mean high energy: beating random neurons does not by itself show "
    "that the selected ones know about anomalies.",
    "A neuron’s share says which channels moved away from normal in a patch. It does not say that "
    "they caused anything.",
    "No result of the paper is reproduced here: its shots, backbone, resolution and layer are not "
    "known to us.",
)

CITATION = (
    "Li et al., “Latent Anomaly Knowledge Excavation: Unveiling Sparse Sensitive Neurons in "
    "Vision-Language Models”, arXiv 2604.07802 (2026)."
)


def short_name(metric: str) -> str:
    """Return a metric's name where its level is already said.

    >>> short_name("image_balanced_accuracy"), short_name("pixel_aupro")
    ('Balanced accuracy', 'AUPRO to 30 %')
    """
    name = METRIC_NAMES[metric].removeprefix("Image ").removeprefix("Pixel ")
    return name[0].upper() + name[1:]
