import sys
from sacred import Experiment
from sacred.observers import FileStorageObserver
ex = Experiment("qa-digits")
ex.observers.append(FileStorageObserver("sacred_runs"))
@ex.config
def cfg():
    lr = 0.01
    epochs = 3
    model = {"name": "mlp", "hidden": [64, 32]}
    fail = False
@ex.main
def main(lr, epochs, model, fail, _run):
    for step in range(epochs):
        _run.log_scalar("train.loss", 1.0 / (step + 1), step * 10)
        _run.log_scalar("val.accuracy", 0.5 + step * 0.1, step * 10)
    _run.log_scalar("bad", float("nan"))
    if fail: raise RuntimeError("broken")
    return {"test_accuracy": 0.75}
if __name__ == "__main__": ex.run_commandline()
