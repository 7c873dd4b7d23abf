"""Writes the file that `src/sentiment/model.rs` reads."""

import struct

import numpy as np
import torch


def steps(values, scale):
    """Values in whole steps of a scale."""
    return np.round(values / scale).clip(-127, 127).astype(np.int8)


def write_model(path, glove, network, tones):
    """The student's weights, every word's key, tone and vector."""
    with torch.no_grad():
        vectors = network.vectors().numpy()
        scale = np.abs(vectors).max(axis=0).clip(1e-6) / 127
        tone_scale = max(np.abs(tones).max(), 1e-6) / 127
        hidden = network.gate.weight.shape[1]
        out = network.out.weight.numpy()
        numbers = [
            scale,
            [tone_scale],
            network.signs.weight.numpy().T,
            # By neighbour, then number of the vector, then number of the reading.
            network.convolve.weight.numpy().transpose(2, 1, 0),
            network.convolve.bias.numpy(),
            *(table.weight.numpy()[:-1] for table in network.shifts),
            network.gate.weight.numpy(),
            *(table.weight.numpy()[:-1] for table in network.gates),
            out[:, :hidden],
            out[:, hidden:],
            network.out.bias.numpy(),
        ]
    flat = np.concatenate([np.asarray(part, np.float32).ravel() for part in numbers])
    by_row = sorted((row, key) for key, row in glove.rows.items())
    with open(path, "wb") as file:
        file.write(b"FLS1" + flat.astype("<f4").tobytes())
        for row, key in by_row:
            vector = steps(vectors[row], scale).tobytes()
            file.write(struct.pack("<Ib", key, int(steps(tones[row], tone_scale))) + vector)
