"""The recipes once more, written down plainly in NumPy and double precision, image by image."""

import numpy as np


def units(rows):
    rows = np.asarray(rows, float)
    return rows / np.linalg.norm(rows, axis=-1, keepdims=True)


def cosine_distances(patches, gallery):
    """(1 - cos) / 2 of every patch to its nearest row."""
    return ((1 - units(patches) @ units(gallery).T) / 2).min(-1)


def layer_norm(rows):
    rows = np.asarray(rows, float)
    mean = rows.mean(-1, keepdims=True)
    return (rows - mean) / np.sqrt(rows.var(-1, keepdims=True) + 1e-5)


def pool3(patches, grid):
    """Every patch as the mean of those of its eight neighbours that exist, and itself."""
    rows, columns = grid
    image = np.asarray(patches, float).reshape(rows, columns, -1)
    found = np.empty_like(image)
    for r in range(rows):
        for c in range(columns):
            around = image[max(r - 1, 0) : r + 2, max(c - 1, 0) : c + 2]
            found[r, c] = around.reshape(-1, image.shape[2]).mean(0)
    return found.reshape(rows * columns, -1)


def farthest_first(rows, number):
    """The greedy coreset by brute force: all distances to all chosen, again at every step."""
    rows = np.asarray(rows, float)
    chosen = [int(((rows - rows.mean(0)) ** 2).sum(1).argmin())]
    while len(chosen) < number:
        distances = ((rows[:, None] - rows[None, chosen]) ** 2).sum(2).min(1)
        chosen.append(int(distances.argmax()))
    return chosen


def patchcore_image_score(patches, core, neighbours=9):
    """Equation 6 and 7 of the paper."""
    distances = np.linalg.norm(patches[:, None] - core[None], axis=2)
    worst = distances.min(1).argmax()
    nearest = distances[worst].argmin()
    order = np.argsort(np.linalg.norm(core - core[nearest], axis=1), kind="stable")[:neighbours]
    away = np.linalg.norm(patches[worst] - core[order], axis=1)
    s = distances[worst, nearest]
    return (1 - np.exp(s) / np.exp(away).sum()) * s


def softmax_anomalous(embeddings, directions, temperature):
    similarity = units(embeddings) @ np.asarray(directions, float).T / temperature
    powers = np.exp(similarity - similarity.max(-1, keepdims=True))
    return powers[..., 1] / powers.sum(-1)


def windows_of(grid, side):
    """The patches under every window, by their row and column."""
    return [
        [(r + i) * grid[1] + c + j for i in range(side) for j in range(side)]
        for r in range(grid[0] - side + 1)
        for c in range(grid[1] - side + 1)
    ]


def harmonic(scores, grid, side):
    found = []
    for patch in range(grid[0] * grid[1]):
        over = [s for s, w in zip(scores, windows_of(grid, side), strict=True) if patch in w]
        found.append(len(over) / sum(1 / s for s in over))
    return np.array(found)
