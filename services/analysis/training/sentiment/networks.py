"""The network, and how it learns. `src/sentiment/model.rs` runs the same one."""

import numpy as np
import torch
from torch import nn
from torch.nn import functional

DISTANCES, COMPANIES, SPEECHES, SIGNS, CLASSES = 13, 7, 4, 6, 3
BATCH = 64
RATE = 3e-3
WEIGHT_DECAY = 1e-4
DROPOUT = 0.4
WORD_DROPOUT = 0.15
SMOOTHING = 0.05


class Reader(nn.Module):
    """Convolution over three neighbours, then attention by content and place, and the greatest value, over the sentence."""

    def __init__(self, glove, width, hidden, heads):
        super().__init__()
        self.glove = glove
        self.register_buffer("fixed", torch.from_numpy(glove.vectors))
        self.register_buffer("is_learnt", torch.from_numpy(glove.is_learnt)[:, None])
        self.project = nn.Linear(glove.vectors.shape[1], width)
        self.own = nn.Embedding(len(glove.vectors), width)
        self.signs = nn.Linear(SIGNS, width)
        self.convolve = nn.Conv1d(width, hidden, 3, padding=1)
        self.shifts = nn.ModuleList(nn.Embedding(size + 1, hidden) for size in (DISTANCES, COMPANIES, SPEECHES))
        self.gates = nn.ModuleList(nn.Embedding(size + 1, heads) for size in (DISTANCES, COMPANIES, SPEECHES))
        self.gate = nn.Linear(hidden, heads, bias=False)
        self.out = nn.Linear((1 + heads) * hidden, CLASSES)
        self.dropout = nn.Dropout(DROPOUT)
        nn.init.zeros_(self.own.weight)
        for table in self.shifts:
            nn.init.normal_(table.weight, 0, 0.1)
        for table in self.gates:
            nn.init.zeros_(table.weight)

    def vectors(self):
        """Vector of every row."""
        return self.project(self.fixed) + self.own.weight * self.is_learnt + self.signs.bias

    def forward(self, rows, signs, places, mask):
        """Logits of a batch."""
        words = self.project(self.fixed[rows]) + self.own(rows) * self.is_learnt[rows] + self.signs(signs)
        if self.training:
            words = words * (torch.rand(words.shape[:2]) > WORD_DROPOUT)[..., None]
        words = words * mask[..., None]
        read = self.convolve(words.transpose(1, 2)).transpose(1, 2)
        placed = torch.relu(read + sum(table(places[..., i]) for i, table in enumerate(self.shifts)))
        gates = self.gate(placed) + sum(table(places[..., i]) for i, table in enumerate(self.gates))
        shares = torch.softmax(gates.masked_fill((mask == 0)[..., None], -1e9), 1)
        mean = torch.einsum("bth,btg->bgh", placed, shares).flatten(1)
        greatest = (placed * mask[..., None]).max(1).values
        return self.out(self.dropout(torch.cat([mean, greatest], 1)))


class Batches:
    """Lessons as padded tensors."""

    def __init__(self, glove, lessons):
        self.rows = [np.array([glove.row(key) for key in keys.tolist()]) for keys in lessons.keys]
        self.lessons = lessons

    def of(self, numbers):
        """The tensors of some lessons."""
        size = max(len(self.rows[number]) for number in numbers)
        rows = np.zeros((len(numbers), size), np.int64)
        signs = np.zeros((len(numbers), size, SIGNS), np.float32)
        places = np.tile(np.array([DISTANCES, COMPANIES, SPEECHES]), (len(numbers), size, 1))
        mask = np.zeros((len(numbers), size), np.float32)
        for at, number in enumerate(numbers):
            length = len(self.rows[number])
            rows[at, :length] = self.rows[number]
            signs[at, :length] = self.lessons.signs[number]
            places[at, :length] = self.lessons.places[number]
            mask[at, :length] = 1
        return [torch.from_numpy(array) for array in (rows, signs, places, mask)]


def fit(glove, lessons, aims, seed, epochs, shape):
    """A network that learns `aims`: class numbers, or a share for each class."""
    torch.manual_seed(seed)
    generator = np.random.default_rng(seed)
    network, batches = Reader(glove, **shape), Batches(glove, lessons)
    optimiser = torch.optim.AdamW(network.parameters(), lr=RATE, weight_decay=WEIGHT_DECAY)
    steps = epochs * -(-len(lessons) // BATCH)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, RATE, total_steps=steps)
    hard = aims.ndim == 1
    weight = torch.tensor(len(aims) / 3 / np.bincount(aims), dtype=torch.float32) if hard else None
    for _ in range(epochs):
        network.train()
        order = generator.permutation(len(lessons))
        for start in range(0, len(order), BATCH):
            numbers = order[start : start + BATCH]
            logits, wanted = network(*batches.of(numbers)), torch.from_numpy(aims[numbers])
            loss = functional.cross_entropy(logits, wanted, weight=weight, label_smoothing=SMOOTHING if hard else 0.0)
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            schedule.step()
    return network


def chances(network, lessons):
    """Share of each class for each lesson."""
    network.eval()
    batches, found = Batches(network.glove, lessons), []
    with torch.no_grad():
        for start in range(0, len(lessons), 256):
            numbers = range(start, min(start + 256, len(lessons)))
            found.append(torch.softmax(network(*batches.of(numbers)), 1).numpy())
    return np.concatenate(found)
