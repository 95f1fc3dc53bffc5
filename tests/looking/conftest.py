"""Files as people have them, written by the libraries that people write them with."""

from __future__ import annotations

import csv
import datetime

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from scipy import sparse

ROWS = 400


@pytest.fixture(scope="session")
def files(tmp_path_factory):
    """A folder with a file of each kind."""
    folder = tmp_path_factory.mktemp("files")
    random = np.random.default_rng(0)
    _tables(folder, random)
    _baskets(folder, random)
    _arrays(folder, random)
    _words(folder, random)
    _images(folder / "photos", random)
    return folder


def _tables(folder, random):
    day = datetime.date(2020, 1, 1)
    customers = pd.DataFrame(
        {
            "customer_id": np.arange(ROWS) + 1000,
            "age": [None if random.random() < 0.1 else int(random.integers(18, 90)) for _ in range(ROWS)],
            "income": random.lognormal(10, 0.5, ROWS).round(2),
            "town": random.choice(["Bonn", "Köln", "Ulm"], ROWS),
            "since": [(day + datetime.timedelta(int(days))).isoformat() for days in random.integers(0, 900, ROWS)],
            "remark": [f"likes {random.choice(['red', 'blue'])} things, the {number}th" for number in range(ROWS)],
            "churn": random.choice(["yes", "no"], ROWS),
        }
    )
    customers.to_csv(folder / "customers.csv", index=False)
    customers.to_csv(folder / "spreadsheet.csv", sep=";", decimal=",", encoding="cp1252", index=False)
    embedded = pd.DataFrame(
        {
            "title": [f"paper {number}" for number in range(ROWS)],
            "year": random.integers(1990, 2020, ROWS),
            "field": random.choice(["biology", "physics"], ROWS),
            "embedding": list(random.normal(size=(ROWS, 16)).astype(np.float32)),
        }
    )
    embedded.to_parquet(folder / "papers.parquet")
    unit = random.normal(size=(ROWS, 128)).astype(np.float32)
    unit /= np.linalg.norm(unit, axis=1, keepdims=True)
    pd.DataFrame({"text": [f"a sentence {number}" for number in range(ROWS)], "vector": list(unit)}).to_parquet(
        folder / "sentences.parquet"
    )
    measured = pd.DataFrame(random.normal(size=(ROWS, 4)) * [1, 1, 100, 0], columns=["a", "b", "c", "d"])
    measured.assign(species=random.choice(["x", "y", "z"], ROWS)).to_csv(folder / "measured.csv")
    measured[["a", "b", "c"]].assign(target=random.normal(size=ROWS)).to_csv(folder / "foretold.csv", index=False)
    measured[["a", "b"]].assign(fraud=(random.random(ROWS) < 0.04).astype(int)).to_csv(folder / "frauds.csv")
    persons = {"first_name": "ab", "surname": "cde", "street": "fgh"}
    people = {
        name: ["".join(random.choice(list(letters), 6)) for _ in range(ROWS)] for name, letters in persons.items()
    }
    people["street"] = [street if number % 3 else None for number, street in enumerate(people["street"])]
    pd.DataFrame(people | {"born": "1950-01-13"}).to_csv(folder / "people.csv", index=False)
    pd.DataFrame(people | {"cluster": np.arange(ROWS) // 2}).to_csv(folder / "clusters.csv", index=False)


def _baskets(folder, random):
    items = np.array(["milk", "bread", "tea", "jam", "eggs", "rice"])
    baskets = [random.choice(items, random.integers(1, 6), replace=False).tolist() for _ in range(100)]
    pairs = [(number, item) for number, basket in enumerate(baskets) for item in basket]
    pd.DataFrame(pairs, columns=["order", "product"]).to_csv(folder / "orders.csv", index=False)
    pd.DataFrame(pairs, columns=["u", "i"]).to_csv(folder / "pairs.csv", index=False)
    pd.DataFrame({"user": [f"u{n}" for n in range(100)], "items": baskets}).to_parquet(folder / "lists.parquet")
    wide = pd.DataFrame((random.random((100, 12)) < 0.2).astype(int), columns=[f"item {n}" for n in range(12)])
    wide.rename_axis("id").to_csv(folder / "wide.csv")
    with (folder / "lines.csv").open("w", newline="") as file:
        csv.writer(file).writerows(baskets)
    pd.DataFrame({"id": range(100), "tags": [",".join(basket) for basket in baskets]}).to_csv(
        folder / "tags.csv", index=False
    )


def _arrays(folder, random):
    rows = random.normal(size=(ROWS, 12))
    np.save(folder / "rows.npy", rows)
    images = random.random((ROWS, 8, 8))
    np.save(folder / "images.npy", images)
    np.save(folder / "torch.npy", np.zeros((ROWS, 3, 16, 16), np.uint8))
    shades, classes = (255 * images).astype(np.uint8), np.arange(ROWS) % 3
    np.savez(folder / "mnist.npz", x_test=shades[:90], x_train=shades[90:], y_train=classes[90:], y_test=classes[:90])
    np.savez(folder / "labelled.npz", X=rows, y=np.arange(ROWS) % 3)
    np.savez(folder / "anomalies.npz", X=rows, y=(random.random(ROWS) < 0.05).astype(int))
    sparse.save_npz(folder / "terms.npz", sparse.random_array((100, 50), density=0.1, rng=random, format="csr"))


def _words(folder, random):
    from gensim.models import KeyedVectors

    names = ["the", "king", "queen", "doctor", *(f"item{number}" for number in range(146))]
    vectors = KeyedVectors(20)
    vectors.add_vectors(names, random.normal(size=(150, 20)).astype(np.float32))
    vectors.save_word2vec_format(str(folder / "word2vec.bin"), binary=True)
    vectors.save_word2vec_format(str(folder / "word2vec.txt"))
    vectors.save_word2vec_format(str(folder / "glove.txt"), write_header=False)


def _images(folder, random):
    for place in ("cats", "dogs"):
        (folder / place).mkdir(parents=True)
        for number in range(20):
            pixels = random.integers(0, 256, size=(40 + number % 3, 50, 3), dtype=np.uint8)
            Image.fromarray(pixels).save(folder / place / f"{number}.png")
    (folder / "cats" / "broken.png").write_text("no image")
    (folder / "readme.txt").write_text("photographs")
    (folder.parent / "grey").mkdir()
    for number in range(20):
        Image.fromarray(random.integers(0, 256, size=(16, 16), dtype=np.uint8)).save(
            folder.parent / "grey" / f"{number}.png"
        )
