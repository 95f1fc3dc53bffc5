"""The convolutional autoencoder."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, Unpack

from zoo.bottlenecks.linear import Linear
from zoo.likelihoods.normal import Normal
from zoo.models.autoencoder import Autoencoder
from zoo.networks.residual_decoder import ResidualDecoder
from zoo.networks.residual_encoder import ResidualEncoder
from zoo.preprocessing.rescale import Rescale

if TYPE_CHECKING:
    from collections.abc import Mapping

    from zoo.parts import Bottleneck, Corruption, Likelihood, Objective, Preprocessing
    from zoo.types import Activation, Fraction, LayerArguments, PositiveInt, Probability


class ConvAutoencoder(Autoencoder):
    """Residual convolutions, a code, the mirrored residual convolutions.

    Images [batch, height, width, channels] of 0 to 255 become codes [batch, latent_dim].

    Args:
        latent_dim: width of the code.
        widths: channels of the encoder's stages, each of which halves the image.
        blocks: residual blocks a stage.
        stem_stride: 2 halves the image once before the stages, which saves most of the work.
        activation: a Keras activation's name.
        normalisation: `batch` or `none`.
        dropout: share of the encoder's last features that training drops.
        bottleneck: another one than the linear; its latent_dim counts.
        likelihood: another one than the normal with scale 1.
        corruption: damages the encoder's input while training.
        preprocess: adapted layers by name, an empty mapping for none; None rescales pixels to 0 to 1.
        terms: further terms of the loss by name.
        false_alarm_rate: see `zoo.models.Autoencoder`.
        decoder_widths: channels of the decoder's stages, each of which doubles the image; None mirrors the encoder's. A
            decoder's convolutions work on twice the sides of the encoder's: when the code is what is wanted, a narrow
            one saves most of the training time.
        **kwargs: Keras model arguments (name, dtype).

    Reference:
        He et al. 2016, "Identity mappings in deep residual networks".
    """

    def __init__(
        self,
        latent_dim: PositiveInt,
        widths: list[PositiveInt],
        blocks: PositiveInt = 1,
        stem_stride: Literal[1, 2] = 1,
        activation: Activation = "relu",
        normalisation: Literal["none", "batch"] = "none",
        dropout: Fraction = 0.0,
        bottleneck: Bottleneck | None = None,
        likelihood: Likelihood | None = None,
        corruption: Corruption | None = None,
        preprocess: Mapping[str, Preprocessing] | None = None,
        terms: Mapping[str, Objective] | None = None,
        false_alarm_rate: Probability | None = None,
        decoder_widths: list[PositiveInt] | None = None,
        **kwargs: Unpack[LayerArguments],
    ) -> None:
        widths = list(widths)
        back = widths[::-1] if decoder_widths is None else list(decoder_widths)
        dtype: Any = kwargs.get("dtype")
        shared: dict[str, Any] = {
            "blocks": blocks,
            "activation": activation,
            "normalisation": normalisation,
            "dtype": dtype,
        }
        super().__init__(
            encoder=ResidualEncoder(widths, stem_stride=stem_stride, dropout=dropout, name="encoder", **shared),
            bottleneck=bottleneck or Linear(latent_dim, name="bottleneck", dtype=dtype),
            decoder=ResidualDecoder(back, upscale=stem_stride, name="decoder", **shared),
            likelihood=likelihood or Normal(name="likelihood"),
            corruption=corruption,
            preprocess={"rescale": Rescale()} if preprocess is None else preprocess,
            terms=terms,
            false_alarm_rate=false_alarm_rate,
            **kwargs,
        )
        if self.bottleneck.latent_dim != latent_dim:
            raise ValueError(f"latent_dim {latent_dim} and the bottleneck's {self.bottleneck.latent_dim} differ")
        self.decoder_widths = None if decoder_widths is None else back
        self.widths, self.blocks, self.stem_stride, self.activation = widths, blocks, stem_stride, activation
        self.normalisation, self.dropout = normalisation, dropout
