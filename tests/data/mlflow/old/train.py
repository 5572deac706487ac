"""Writes the same small record with whatever MLflow is installed: train.py URI"""
import math, os, sys, time, tempfile
import mlflow
from mlflow.tracking import MlflowClient
V = tuple(int(x) for x in mlflow.__version__.split(".")[:2])
uri = sys.argv[1]
mlflow.set_tracking_uri(uri)
sql = uri.startswith("sqlite")
if V >= (0, 9):
    mlflow.set_experiment("old digits")
else:
    mlflow.set_experiment("old digits")
kw = {}
def step(i):
    return {"step": i} if V >= (1, 0) else {}
with (mlflow.start_run(run_name="first") ) as run:
    rid = run.info.run_id if V >= (1, 0) else run.info.run_uuid
    mlflow.log_param("lr", 0.001); mlflow.log_param("epochs", 3); mlflow.log_param("group/name", "a b"); mlflow.log_param("seed", 7)
    if V >= (1, 8): mlflow.log_param("note line", "first\nsecond")
    for i in range(1, 4):
        mlflow.log_metric("val/loss", 1.0 / i, **step(i))
        mlflow.log_metric("loss", 2.0 / i, **step(i))
        time.sleep(0.005)
    mlflow.log_metric("final acc", 0.75)
    try:
        mlflow.log_metric("bad", float("nan"), **step(1)); mlflow.log_metric("bad", float("inf"), **step(2)); mlflow.log_metric("bad", float("-inf"), **step(3))
    except Exception as e: print("nan", type(e), str(e)[:100])
    mlflow.set_tag("stage", "baseline"); mlflow.set_tag("mlflow.note.content", "A note.\n\nSecond paragraph.")
    with tempfile.TemporaryDirectory() as d:
        p = os.path.join(d, "notes.txt"); open(p, "w").write("fine")
        mlflow.log_artifact(p, "reports")
    if V >= (2, 4):
        import numpy as np
        mlflow.log_input(mlflow.data.from_numpy(np.arange(6.0), name="six", source="data/six.npy"), context="training")
    if V >= (1, 30):
        import mlflow.pyfunc
        class M(mlflow.pyfunc.PythonModel):
            def predict(self, context, model_input, params=None): return model_input
        try:
            k = {"registered_model_name": "old-model"}
            mlflow.pyfunc.log_model(artifact_path="model", python_model=M(), pip_requirements=["numpy==1.26.4", "scikit-learn>=1.0", "pandas==2.2.3"], **(k))
            c = MlflowClient()
            if V >= (2, 3): c.set_registered_model_alias("old-model", "champion", 1)
            c.transition_model_version_stage("old-model", 1, "Staging")
        except Exception as e: print("model", type(e), str(e)[:300])
    if V >= (0, 9):
        with mlflow.start_run(run_name="child", nested=True):
            mlflow.log_metric("acc", 0.5)
try:
    with mlflow.start_run(run_name="crashed"):
        mlflow.log_param("lr", 1); raise ValueError("boom")
except ValueError: pass
c = MlflowClient()
e = c.get_experiment_by_name("old digits") if V >= (1, 0) else [x for x in c.list_experiments() if x.name == "old digits"][0]
r = c.create_run(e.experiment_id)
gone = r.info.run_id if V >= (1, 0) else r.info.run_uuid
if V >= (0, 9) or not sql:
    c.delete_run(gone)
x = c.create_experiment("thrown away"); y = c.create_run(x); c.delete_experiment(x)
c.create_run(e.experiment_id)  # left running
print(mlflow.__version__, uri, rid)
