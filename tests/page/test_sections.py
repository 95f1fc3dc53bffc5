"""What the sections compute, against other ways to compute it; and rows of which there is little to show."""

import base64
import dataclasses
import gzip
import io
import json
import struct

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image
from sklearn.metrics import pairwise
from sklearn.neighbors import NearestNeighbors

from zoo.evaluate.judge import Judge
from zoo.metrics import ClassSeparation
from zoo.page import Page, draw, map_table
from zoo.page.colours import CLASSES, diverging
from zoo.page.mapping import mapped
from zoo.page.material import Material
from zoo.page.packing import packed, quantised, smallest
from zoo.page.pictures import Pictures
from zoo.page.rendering import _templates
from zoo.page.sections import clusters, cosines, duplicates, errors, fields, latent, reconstructions, separation
from zoo.page.sections.map import _coloured
from zoo.page.thumbnails import sprite
from zoo.rows import DenseField, MixedRows
from zoo.rows.typed_field import TypedField
from zoo.types import OTHER, Duplicates, Evidence, FieldReport, FieldsReport, Score, Splits

QUICK = Page(map="pca")


def material_of(made, page=QUICK, **changes):
    recipe, report, verdict, evidence, trained = made
    return dataclasses.replace(Material(recipe, report, verdict, evidence, trained, {}, page), **changes)


def with_codes(made, codes):
    """The same evidence with other codes [rows, dimensions] of the encoder."""
    evidence = made[3]
    encoder = dataclasses.make_dataclass("Codes", ["name"])("encoder")
    encoder.encode = lambda rows: codes[rows]
    others = {name: each for name, each in evidence.representations.items() if name != "encoder"}
    return (*made[:3], Evidence(evidence.splits, {"encoder": encoder, **others}), made[4])


def test_rows_are_a_stated_sample(vectors):
    material = material_of(vectors, Page(map="pca", rows=50))
    assert len(material.rows) == len(set(material.rows)) == 50
    assert set(material.rows) <= set(material.splits.test)
    assert material.how_many == "50 of 120 test rows"
    assert material_of(vectors).how_many == "all 120 test rows"


def test_class_separation_is_that_of_the_metric(vectors):
    shown = separation.draw(material_of(vectors))
    metric = Judge(resamples=5).report(
        list(vectors[3].representations.values()), {"s": ClassSeparation()}, vectors[3].splits
    )
    for name, cells in zip(shown["representations"], shown["mean"], strict=True):
        assert cells["rescaled"] == pytest.approx(metric.scores[name]["s"].value, abs=1e-6)
    assert sum(count for _, count, _ in shown["table"]) == 120


def test_a_ratio_to_a_cosine_near_zero_is_left_out():
    assert separation._cells(np.asarray([0.5, 0.01]))["plain"] is None
    assert separation._cells(np.asarray([0.5, -0.25]))["plain"] == pytest.approx(-2)


def test_the_spike_is_split_into_exact_duplicates_and_others(vectors):
    splits = vectors[3].splits
    features, codes = splits.features.copy(), np.random.default_rng(3).normal(size=(240, 4)).astype(np.float32)
    features[121] = features[120]  # a copy
    codes[121] = codes[120]
    codes[131] = 2 * codes[130]  # other rows with codes in one direction
    made = with_codes(vectors, codes)
    copied = Evidence(dataclasses.replace(splits, features=features), made[3].representations)
    shown = cosines.draw(material_of((*made[:3], copied, made[4])))
    assert (shown["exact"], shown["near"]) == (1, 1)
    assert shown["pairs"][0][:2] == ("key 130", "key 131")
    whole = pairwise.cosine_similarity(codes[120:].astype(float))
    expected, _ = np.histogram(whole[np.triu_indices(120, 1)], cosines._BINS)
    found, _ = cosines._pairs(cosines._unit(codes[120:]))
    np.testing.assert_allclose(found, expected, atol=2)  # float32 at an edge


def test_poorly_reconstructed_rows_are_counted_by_class(vectors):
    material = material_of(vectors, Page(map="pca", outliers=1.0))
    shown = errors.draw(material)
    rows = material.splits.test
    scores = np.asarray(material.encoder.score(rows), float)
    above = scores > scores.mean() + scores.std()
    labels = material.splits.labels[rows]
    for name, bad, total, share in shown["classes"]:
        assert bad == (above & (labels == name)).sum()
        assert total == (labels == name).sum()
        assert share == pytest.approx(100 * bad / total)
    assert shown["above"] == above.sum()
    assert shown["listed"][0]["name"] == f"key {rows[scores.argmax()]}"


def test_reconstructions_are_the_best_typical_and_worst(images):
    material = material_of(images)
    shown = dict(reconstructions.draw(material)["groups"])
    rows = material.splits.test
    scores = material.encoder.score(rows)
    assert shown["Best"][0]["name"] == f"row {rows[scores.argmin()]:,}"
    assert shown["Worst"][0]["name"] == f"row {rows[scores.argmax()]:,}"
    source = shown["Best"][0]["given"].source
    pixels = np.asarray(Image.open(io.BytesIO(base64.b64decode(source.split(",")[1]))))
    expected = material.splits.features[rows[scores.argmin()], :, :, 0] / 16 * 255
    np.testing.assert_allclose(pixels, expected, atol=0.51)


def test_what_a_record_is_not_given_back_as_is_marked(records):
    material = material_of(records)
    rows = material.splits.test
    given = material.given(rows)
    back = material.back(rows)
    same = np.stack([given[:, own].argmax(1) == back[:, own].argmax(1) for own in (slice(0, 5), slice(5, 9))], axis=1)
    for (one, other), expected in zip(Pictures(material).pairs(rows), same, strict=True):
        assert [not cell.differs for cell in one.cells] == expected.tolist()
        assert [cell.field for cell in other.cells] == ["colour", "size"]
    assert not same.all()
    carried = errors.draw(material)["carried"]
    assert "by field" in carried["of"]


def test_neighbours_are_the_ten_most_similar(vectors):
    material = material_of(vectors)
    where = mapped(material)
    expected = NearestNeighbors(n_neighbors=11, metric="cosine").fit(material.codes)
    distances, places = expected.kneighbors(material.codes)
    np.testing.assert_allclose(where.distances, distances[:, 1:], atol=1e-5)
    assert (np.sort(where.neighbours) == np.sort(places[:, 1:])).mean() > 0.999
    raw = NearestNeighbors(n_neighbors=11, metric="cosine").fit(material.raw).kneighbors(material.raw)[1][:, 1:]
    kept = [len(set(one) & set(other)) / 10 for one, other in zip(places[:, 1:], raw, strict=True)]
    np.testing.assert_allclose(where.kept, kept, atol=1e-9)


@pytest.mark.parametrize("how", ["pca", "tsne", pytest.param("umap", marks=pytest.mark.long)])
def test_a_map_keeps_clusters_together(vectors, how):
    material = material_of(vectors, Page(map=how))
    where = mapped(material)
    nearest = NearestNeighbors(n_neighbors=2).fit(where.codes).kneighbors(where.codes)[1][:, 1]
    own = material.classes[1][material.rows]
    assert (own == own[nearest]).mean() > 0.95
    again = mapped(material_of(vectors, Page(map=how)))
    np.testing.assert_array_equal(where.codes, again.codes)


def test_the_table_beside_the_page_is_what_embedding_atlas_opens(vectors, tmp_path):
    table = map_table(vectors[3], QUICK)
    pq.write_table(table, tmp_path / "map.parquet")
    rows = pq.read_table(tmp_path / "map.parquet").to_pylist()
    assert list(rows[0]) == ["x", "y", "neighbours", "key", "label"]
    where = mapped(material_of(vectors))
    assert rows[7]["neighbours"]["ids"] == where.neighbours[7].tolist()
    assert rows[7]["neighbours"]["distances"] == sorted(rows[7]["neighbours"]["distances"])
    assert rows[7]["key"] == "key 127"
    assert rows[7]["label"] in {"one", "two", "three"}


def test_at_most_ten_colours_and_other():
    numbers = np.concatenate([np.repeat(np.arange(14), np.arange(14, 0, -1)), [-1]])
    facts, colours = _coloured([f"class {each}" for each in range(14)], numbers, "no class")
    assert len(facts["entries"]) == len(CLASSES) + 1 == 11
    assert facts["entries"][-1] == ["other", 10, 4 + 3 + 2 + 1 + 1]
    assert colours.max() == 10
    assert facts["entries"][0] == ["class 0", 0, 14]


def test_packed_data_come_out_as_they_went_in():
    arrays = {"a": np.arange(300, dtype=np.uint16), "b": np.asarray([1, 2, 3], np.uint8)}
    content = gzip.decompress(base64.b64decode(packed({"keys": ["</script>"]}, arrays)))
    (length,) = struct.unpack("<I", content[:4])
    head = json.loads(content[4 : 4 + length])
    assert head["keys"] == ["</script>"]
    assert head["arrays"] == [["a", "Uint16Array", 300], ["b", "Uint8Array", 3]]
    np.testing.assert_array_equal(np.frombuffer(content[4 + length :][:600], "<u2"), arrays["a"])
    assert quantised(np.asarray([[0.0, 5], [1, 5], [2, 5]])).tolist() == [[0, 0], [32768, 0], [65535, 0]]
    assert smallest(np.asarray([70_000])).dtype == np.uint32


def test_thumbnails_are_one_picture(images):
    made = sprite(material_of(images))
    sheet = Image.open(io.BytesIO(made.content))
    assert sheet.size == (made.columns * 8, -(-120 // made.columns) * 8)
    assert sprite(material_of(images, Page(map="pca", rows=5_001))) is not None  # there are fewer


def test_colours_of_a_strip_diverge():
    assert diverging(np.asarray([-2.0, 0, 1])).tolist() == [[33, 102, 172], [247, 247, 247], [178, 24, 43]]


def test_duplicates_are_shown_beside_the_scores_without_them(vectors):
    report = vectors[1]
    copies = Duplicates(rows=120, exact=4, near=2, of_training=30, near_training=1, looked_at=50)
    counted = dataclasses.replace(report, duplicates=copies, without_duplicates=report.scores)
    html = draw(vectors[0], counted, *vectors[2:], {}, QUICK).html
    assert "equal a training row" in html
    assert "25.0 %" in html  # 30 of 120
    assert "4.0 %" in html  # 2 of 50
    uncounted = dataclasses.replace(report, duplicates=None)
    assert duplicates.draw(material_of(vectors, report=uncounted)) is None


def test_clusters_show_their_most_typical_rows(vectors):
    shown = clusters.draw(material_of(vectors))
    assert [card["size"] for card in shown["cards"]] == sorted((card["size"] for card in shown["cards"]), reverse=True)
    assert sum(card["size"] for card in shown["cards"]) == 120
    assert all(card["of"].startswith("100 %") for card in shown["cards"])  # the classes lie far apart


def test_what_is_not_generative_draws_nothing(vectors):
    assert latent.draw(material_of(vectors)) is None


@pytest.mark.slow
def test_a_generative_model_draws_along_its_code_and_from_its_prior(vectors):
    from zoo.models import VAE

    model = VAE(4, [8])
    model.build((None, 12))
    material = material_of(vectors, trained=dataclasses.replace(vectors[4], model=model))
    shown = latent.draw(material)
    codes = material.codes.astype(float)
    dimensions = [dimension for dimension, _, _ in shown["traversals"]]
    assert dimensions == (1 + np.argsort(-codes.std(axis=0))).tolist()
    walked = np.repeat(codes.mean(axis=0)[None], 7, axis=0)
    walked[:, dimensions[0] - 1] += np.linspace(-2.5, 2.5, 7) * codes.std(axis=0)[dimensions[0] - 1]
    expected = Pictures(material).of_values(np.asarray(model.decode(walked.astype(np.float32))), [""] * 7)
    assert [seen.source for seen in shown["traversals"][0][2]] == [seen.source for seen in expected]
    assert len({seen.source for seen in shown["samples"]}) == 16


DEGENERATE = {
    "constant": np.ones_like,
    "zeros": np.zeros_like,
    "not a number": lambda codes: np.full_like(codes, np.nan),
    "one not a number": lambda codes: np.where(np.arange(codes.size).reshape(codes.shape) == 700, np.nan, codes),
    "one dimension": lambda codes: codes[:, :1],
    "all duplicates": lambda codes: np.repeat(codes[:2], len(codes) // 2, axis=0),
    "enormous": lambda codes: codes * np.float32(1e30),
}


@pytest.mark.parametrize("name", DEGENERATE)
def test_codes_that_say_nothing_are_a_statement_and_no_crash(vectors, name):
    codes = np.random.default_rng(0).normal(size=(240, 4)).astype(np.float32)
    made = with_codes(vectors, DEGENERATE[name](codes))
    drawn = draw(*made, {}, QUICK)
    assert drawn.failures == ()
    said = "There is no map: " in drawn.html
    assert said == (drawn.map_table is None)
    assert said or name in {"one dimension", "enormous"}


@pytest.mark.parametrize("count", [12, 30])
@pytest.mark.parametrize("labels", ["one class", "a class of one row", "none"])
def test_few_rows_and_few_classes_are_no_crash(judged, count, labels):
    features = np.random.default_rng(0).normal(size=(count, 6)).astype(np.float32)
    named = np.full(count, "same", dtype=object)
    if labels == "a class of one row":
        named[-1] = "alone"
    drawn = draw(*judged(features, None if labels == "none" else named), {}, Page(map="tsne"))
    assert drawn.failures == ()


def test_all_rows_alike_are_no_crash(judged):
    drawn = draw(*judged(np.ones((40, 6), np.float32), np.full(40, "same", dtype=object)), {}, QUICK)
    assert drawn.failures == ()


def test_every_kind_of_row_is_drawn_whole(images, records, judged):
    plan = DenseField(
        TypedField("category", 4, 1.0, (OTHER, "a", "b", "c")), (0.3,) * 3, (0.5,) * 3, shown=("A", "b", "c")
    )
    ages = DenseField(TypedField("number", 1), (0.5, 0.1), (0.3, 0.3), has_gaps=True)
    mixed = judged(
        np.random.default_rng(3).normal(size=(60, 5)).astype(np.float32), kind=MixedRows({"age": ages, "plan": plan})
    )
    for made in (images, records, mixed):
        assert draw(*made, {}, QUICK).failures == ()
    carried = errors.draw(material_of(mixed))["carried"]["svg"]
    assert "age" in carried
    assert "plan: b" in carried


@pytest.fixture(scope="module")
def people(clusters, judged):
    """Sixty entities of four records with a name and a town, some of them the same in both, and what fields do."""
    from scipy.sparse import csr_array

    from zoo.rows.typed_record_rows import TypedRecordRows

    rng = np.random.default_rng(4)
    kind = TypedRecordRows({"<name>": TypedField("text", 8), "town": TypedField("text", 4)})
    dense = np.repeat(rng.poisson(1.0, (60, 12)), 4, axis=0) + rng.poisson(0.1, (240, 12)).astype(np.float32)
    made = judged(csr_array(dense.astype(np.float32)), np.arange(240) // 4, kind=kind, codes=3)
    score = Score(0.2, 0.1, 0.3, 60)
    named = FieldReport("<name>", 2, 1.0, Score(0.7, 0.6, 0.8, 60), score, 0.6, 0.4, 9.0, 7.0)
    found = FieldsReport((named, FieldReport("town", 1, 0.5)), 120, "match_f1", score, 180, 300, not_left_out=1)
    return (made[0], dataclasses.replace(made[1], fields=found), *made[2:])


def test_matches_and_the_nearest_others_are_counted_with_their_spike_at_one(people):
    material = material_of(people)
    splits, encoder = material.splits, material.encoder
    shown = cosines.draw(material)["matches"]
    rows = np.asarray(splits.test)
    whole = pairwise.cosine_similarity(encoder.encode(rows).astype(float)).round(10)
    labels, dense = splits.labels[rows], splits.features.toarray()[rows]
    first, second = np.triu_indices(len(rows), 1)
    same = (labels[first] == labels[second]) & (whole[first, second] > 0.999)
    copied = (dense[first] == dense[second]).all(axis=1)
    assert shown["kinds"]["matches"] == (30 * 6, (same & copied).sum(), (same & ~copied).sum())
    assert shown["kinds"]["matches"][1] > 0
    count, *high = shown["kinds"]["nearest others"]
    others = np.where(labels[:, None] == labels, -9, whole)
    assert sum(high) == (np.triu(others) > 0.999).sum()
    assert 120 * 7 / 2 <= count <= 120 * 10


def test_records_are_copies_where_they_say_the_same_and_not_where_their_features_are_the_same():
    from scipy.sparse import csr_array

    from zoo.page.matches import said
    from zoo.rows.typed_record_rows import TypedRecordRows

    fields = {"shape": TypedField("category", 2, names=("<other>", "box")), "name": TypedField("text", 64)}
    raw = pa.table(
        {"shape": ["ball", "disc", "Box", "box ", "n/a", ""], "name": ["b a", "b a", "a  b", "A b", "b a", "b a"]}
    )
    rows = np.arange(6)
    splits = Splits(csr_array((6, 66), dtype=np.float32), rows, rows, rows, kind=TypedRecordRows(fields), raw=raw)
    assert said(splits, rows[1:]).tolist() == [0, 1, 1, 2, 2]
    assert len(set(said(splits, rows).tolist())) == 4


def test_classes_that_are_no_entities_have_no_matches(vectors):
    assert cosines.draw(material_of(vectors))["matches"] is None
    assert fields.draw(material_of(vectors)) is None


def test_what_fields_do_is_drawn_as_far_as_it_is_known(people):
    template = _templates().get_template("fields.html.j2")
    html = template.render(fields.draw(material_of(people)))
    assert "&lt;name&gt;" in html
    assert "lost without it" in html
    assert "The code gives 1 of 2 fields back no better" in html
    assert "nan" not in html
    bare = dataclasses.replace(people[1], fields=FieldsReport((FieldReport("a"), FieldReport("b")), 0))
    assert "shared" in template.render(fields.draw(material_of((people[0], bare, *people[2:]))))
    assert draw(*people, {}, QUICK).failures == ()
