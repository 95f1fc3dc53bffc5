"""The zoo as scikit-learn's estimators, for its pipelines, grid searches and pickles.

    from zoo.sklearn import AnomalyDetector, EncoderTransformer
    codes = EncoderTransformer(latent_dim=16).fit_transform(rows)
    odd = AnomalyDetector(contamination=0.05).fit(rows).predict(others) == -1

Nothing is printed, logged or written but in temporary folders, unless `judge=True` asks for a whole run. TensorFlow is
imported when something is fitted or loaded, not before.
"""

from zoo.sklearn.anomaly_detector import AnomalyDetector
from zoo.sklearn.encoder_transformer import EncoderTransformer

__all__ = ["AnomalyDetector", "EncoderTransformer"]
