"""Train a classifier of scikit-learn's handwritten digits and record the run with MLflow.

    python train.py --code digits-1 --learning-rate 0.01

The run goes where MLflow records by default (``mlflow.db`` in the current folder) or where
``MLFLOW_TRACKING_URI`` says. The weights of the best epoch go to ``experiments/<code>/`` too.
"""

from __future__ import annotations

import argparse
import copy
import hashlib
import platform
import time
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any, TypeAlias

import mlflow
import numpy as np
from mlflow.data.http_dataset_source import HTTPDatasetSource
from mlflow.data.meta_dataset import MetaDataset
from mlflow.entities import LoggedModelOutput, Metric
from sklearn.datasets import load_digits
from sklearn.linear_model import SGDClassifier
from sklearn.metrics import accuracy_score, f1_score
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier
from sklearn.preprocessing import StandardScaler

SOURCE = "https://archive.ics.uci.edu/dataset/80/optical+recognition+of+handwritten+digits"
CLASSES = np.arange(10)
PACKAGES = ("numpy", "scikit-learn", "scipy")
BRIGHTEST = 16  # of a pixel
SPLIT_SEED = 0  # the same split for all runs, whatever their seed

Images: TypeAlias = np.ndarray[Any, np.dtype[np.float64]]
Labels: TypeAlias = np.ndarray[Any, np.dtype[np.int64]]
Split: TypeAlias = tuple[Images, Labels]
Classifier: TypeAlias = Any  # SGDClassifier or MLPClassifier, which have no types


def main() -> None:
    options = parse_options()
    mlflow.set_experiment(options.experiment)
    splits = load_splits()
    try:
        with mlflow.start_run(run_name=options.code, description=describe(options)) as run:
            print(f"{options.code} is mlflow:{run.info.run_id}", flush=True)
            record_setting(options, splits)
            train(options, scale(splits, options.scaling))
    except KeyboardInterrupt:
        # A run that a person stopped is no failed one.
        mlflow.MlflowClient().set_terminated(run.info.run_id, "KILLED")
        raise


def parse_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Train a classifier of handwritten digits.")
    parser.add_argument("--code", required=True, help="code of the experiment")
    parser.add_argument("--experiment", default="digits", help="experiment's name in MLflow")
    parser.add_argument("--output", type=Path, default=Path("experiments"))
    parser.add_argument("--model", choices=["linear", "mlp"], default="linear")
    parser.add_argument("--hidden", type=int, default=64, help="hidden units of the mlp")
    parser.add_argument("--solver", choices=["sgd", "adam"], default="sgd", help="of the mlp")
    parser.add_argument("--learning-rate", type=float, default=0.001)
    parser.add_argument("--alpha", type=float, default=1e-4, help="strength of the L2 penalty")
    parser.add_argument("--scaling", choices=["range", "standard"], default="range")
    parser.add_argument("--mining", choices=["none", "wrong", "hardest"], default="none")
    parser.add_argument("--epochs", type=int, default=20)
    parser.add_argument("--batch-size", type=int, default=32)
    parser.add_argument("--seed", type=int, default=7)
    return parser.parse_args()


# Data ----------------------------------------------------------------------------------------


def load_splits() -> dict[str, Split]:
    """Three fifths to train on, a fifth to validate and a fifth to test, each class alike."""
    images, labels = load_digits(return_X_y=True)
    train_x, rest_x, train_y, rest_y = train_test_split(
        images, labels, test_size=0.4, stratify=labels, random_state=SPLIT_SEED
    )
    val_x, test_x, val_y, test_y = train_test_split(
        rest_x, rest_y, test_size=0.5, stratify=rest_y, random_state=SPLIT_SEED
    )
    return {"training": (train_x, train_y), "eval": (val_x, val_y), "test": (test_x, test_y)}


def scale(splits: dict[str, Split], scaling: str) -> dict[str, Split]:
    """Pixels from 0 to 1, or each pixel to mean 0 and variance 1 over the training images."""
    if scaling == "range":
        return {name: (images / BRIGHTEST, labels) for name, (images, labels) in splits.items()}
    scaler = StandardScaler().fit(splits["training"][0])
    return {name: (scaler.transform(images), labels) for name, (images, labels) in splits.items()}


def digest(split: Split) -> str:
    images, labels = split
    return hashlib.sha256(images.tobytes() + labels.astype("int64").tobytes()).hexdigest()[:12]


# Training ------------------------------------------------------------------------------------


def make_model(options: argparse.Namespace) -> Classifier:
    if options.model == "linear":
        return SGDClassifier(
            loss="log_loss",
            learning_rate="constant",
            eta0=options.learning_rate,
            alpha=options.alpha,
            random_state=options.seed,
        )
    return MLPClassifier(
        hidden_layer_sizes=(options.hidden,),
        solver=options.solver,
        learning_rate_init=options.learning_rate,
        alpha=options.alpha,
        random_state=options.seed,
    )


def train(options: argparse.Namespace, splits: dict[str, Split]) -> None:
    """Evaluate after every epoch; the best one on the validation images is tested and kept."""
    model, random = make_model(options), np.random.default_rng(options.seed)
    images, labels = splits["training"]
    best, top, best_step, step = model, -1.0, 0, 0
    for epoch in range(1, options.epochs + 1):
        chosen = choose(model, images, labels, options.mining if epoch > 1 else "none")
        points = []
        for batch in make_batches(random.permutation(chosen), options.batch_size):
            model.partial_fit(images[batch], labels[batch], classes=CLASSES)
            step += 1
            points.append(point("train/loss", loss(model, images[batch], labels[batch]), step))
        scores = {"epoch": epoch, "train/examples": len(chosen)} | evaluate(
            model, splits["eval"], "val"
        )
        record(points + [point(name, value, step) for name, value in scores.items()])
        print(f"epoch {epoch}: val/accuracy {scores['val/accuracy']:.4f}", flush=True)
        if scores["val/accuracy"] > top:
            best, top, best_step = copy.deepcopy(model), scores["val/accuracy"], step
    finals = evaluate(best, splits["test"], "test")
    record([point(name, value, best_step) for name, value in finals.items()])
    keep(options, best, best_step)
    print(f"best val/accuracy {top:.4f} at step {best_step}")


def choose(model: Classifier, images: Images, labels: Labels, mining: str) -> Labels:
    """Indexes of the images that an epoch trains on: all, the misread, or the hardest quarter."""
    if mining == "wrong":
        return np.flatnonzero(model.predict(images) != labels)
    if mining == "hardest":
        sure = model.predict_proba(images)[np.arange(len(labels)), labels]
        return np.argsort(sure, kind="stable")[: len(labels) // 4]
    return np.arange(len(labels))


def make_batches(order: Labels, size: int) -> Iterator[Labels]:
    yield from np.array_split(order, len(order) // size + 1)


def loss(model: Classifier, images: Images, labels: Labels) -> float:
    """Mean cross-entropy in nats."""
    likelihood = model.predict_proba(images)[np.arange(len(labels)), labels]
    return float(-np.log(np.maximum(likelihood, 1e-15)).mean())


def evaluate(model: Classifier, split: Split, name: str) -> dict[str, float]:
    images, labels = split
    guesses = model.predict(images)
    return {
        f"{name}/accuracy": float(accuracy_score(labels, guesses)),
        f"{name}/f1_macro": float(f1_score(labels, guesses, average="macro", zero_division=0)),
        f"{name}/loss": loss(model, images, labels),
    }


# Recording -----------------------------------------------------------------------------------


def describe(options: argparse.Namespace) -> str:
    """MLflow's note on the run."""
    return (
        f"{options.model} model, learning rate {options.learning_rate:g}, {options.epochs} epochs"
    )


def record_setting(options: argparse.Namespace, splits: dict[str, Split]) -> None:
    left_out = {"code", "experiment", "output"}
    if options.model == "linear":
        left_out |= {"hidden", "solver"}  # of the network only
    mlflow.log_params({k: v for k, v in vars(options).items() if k not in left_out})
    mlflow.set_tags({"code": options.code, "task": "digits", "architecture": options.model})
    for context, split in splits.items():
        name, source = f"digits-{context}", HTTPDatasetSource(SOURCE)
        mlflow.log_input(MetaDataset(source, name=name, digest=digest(split)), context=context)


def point(name: str, value: float, step: int) -> Metric:
    return Metric(name, value, time.time_ns() // 1_000_000, step)


def record(points: list[Metric]) -> None:
    mlflow.MlflowClient().log_batch(current_run().info.run_id, metrics=points)


def current_run() -> mlflow.ActiveRun:
    run = mlflow.active_run()
    if run is None:
        raise RuntimeError("Metrics are recorded inside mlflow.start_run() only.")
    return run


def keep(options: argparse.Namespace, model: Classifier, step: int) -> None:
    """Save the weights as plain arrays, and log them as the run's model at that step."""
    folder = options.output / options.code / "model"
    folder.mkdir(parents=True, exist_ok=True)
    linear = isinstance(model, SGDClassifier)
    weights = [model.coef_, model.intercept_] if linear else [*model.coefs_, *model.intercepts_]
    np.savez_compressed(folder / "weights.npz", *weights)
    (folder / "python_env.yaml").write_text(f"python: {platform.python_version()}\n")
    pins = "".join(f"{name}=={version(name)}\n" for name in PACKAGES)
    (folder / "requirements.txt").write_text(pins)
    client, run = mlflow.MlflowClient(), current_run().info
    logged = client.create_logged_model(
        run.experiment_id,
        name=options.code,
        source_run_id=run.run_id,
        model_type=type(model).__name__,
    )
    client.log_model_artifacts(logged.model_id, str(folder))
    client.finalize_logged_model(logged.model_id, "READY")
    client.log_outputs(run.run_id, [LoggedModelOutput(logged.model_id, step)])


if __name__ == "__main__":
    main()
