"""A registered encoder as a function of Spark's: a real local Spark, a real registry."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import zoo
from zoo.tracking.tracker import Tracker

pytestmark = pytest.mark.slow
HOME = Path(__file__).parents[2]

# In a process of its own: Spark starts a Java machine and Python workers, which end with it.
SCRIPT = """
import sys
import mlflow, numpy as np
from pyspark.sql import SparkSession
from pyspark.sql.functions import array, struct

spark = (
    SparkSession.builder.master("local[1]")
    .config("spark.ui.enabled", "false")
    .config("spark.sql.execution.arrow.maxRecordsPerBatch", "7")
    .config("spark.driver.bindAddress", "127.0.0.1").config("spark.driver.host", "127.0.0.1")
    .getOrCreate()
)
mlflow.set_tracking_uri(sys.argv[1])
rows = np.load("rows.npy")
names = [f"x_{i}" for i in range(rows.shape[1])]
table = spark.createDataFrame([(i, *map(float, row)) for i, row in enumerate(rows)], ["id", *names])
encode = mlflow.pyfunc.spark_udf(spark, "models:/name/1", result_type="array<float>", env_manager="local")
coded = table.withColumn("embedding", encode(*names)).select("id", "embedding").orderBy("id").collect()
assert [row["id"] for row in coded] == list(range(len(rows)))
np.save("codes.npy", np.asarray([row["embedding"] for row in coded], np.float32))
coded = table.withColumn("embedding", encode(struct(*names))).orderBy("id").collect()
np.save("struct.npy", np.asarray([row["embedding"] for row in coded], np.float32))
vectors = table.select("id", array(*names).alias("vector"))
columns = [vectors.vector[i] for i in range(len(names))]
coded = vectors.withColumn("embedding", encode(*columns)).orderBy("id").collect()
np.save("vectors.npy", np.asarray([row["embedding"] for row in coded], np.float32))
spark.stop()
"""


def test_a_registered_encoder_works_as_a_function_of_spark(dense, tmp_path, monkeypatch):
    pytest.importorskip("pyspark", reason="needs pyspark: pip install 'encoder-zoo[spark]'")
    if shutil.which("java") is None and "JAVA_HOME" not in os.environ:
        pytest.skip("needs Java 17")
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    rows = np.random.default_rng(0).normal(size=(20, 4)).astype(np.float32)
    np.save("rows.npy", rows)
    tracker = Tracker()
    tracker.require_writable()
    with tracker.run("name") as run:
        run.keep(dense, {"vector": rows}, 2).register("name")
    Path("script.py").write_text(SCRIPT)
    environment = os.environ | {
        "PYTHONPATH": os.pathsep.join(filter(None, [str(HOME), os.environ.get("PYTHONPATH")])),
        "PYSPARK_PYTHON": sys.executable,
        "PYSPARK_DRIVER_PYTHON": sys.executable,
    }
    uri = f"sqlite:///{tmp_path}/mlruns/mlflow.db"
    done = subprocess.run(
        [sys.executable, "script.py", uri], capture_output=True, text=True, timeout=400, env=environment, check=False
    )
    assert done.returncode == 0, done.stderr[-3000:]
    expected = zoo.load("name/1").encode(rows)
    for file in ("codes.npy", "struct.npy", "vectors.npy"):
        np.testing.assert_allclose(np.load(file), expected, atol=1e-6)
