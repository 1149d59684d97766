"""What a certificate proves, in words."""

from __future__ import annotations

from collections import Counter

import numpy as np

from ..proofs import UNDECIDED, Certificate, ProofStatus


def proof_entries(certificate: Certificate) -> list[str]:
    """Return for each row the radius of the box in which the point is proved (±) or estimated (~).

    Examples
    --------
    >>> nowhere = np.zeros((1, 1))
    >>> proof_entries(Certificate.without_proof(nowhere, nowhere, ProofStatus.BLACK_BOX))
    ['none']
    """
    return [
        "none" if np.isnan(radius) else f"{'±' if proved else '~'} {radius:.0e}"
        for radius, proved in zip(certificate.radius_exists, certificate.proved, strict=True)
    ]


def proof_sentence(certificate: Certificate) -> str:
    """Return what a certificate proves, and why it does not prove the rest.

    Examples
    --------
    >>> nowhere = np.zeros((2, 1))
    >>> nothing = Certificate.without_proof(nowhere, nowhere, ProofStatus.BLACK_BOX)
    >>> proof_sentence(nothing).split(";")[0]
    '0 of 2 proved to exist'
    """
    n, certain = len(certificate), certificate.proved
    text = (
        "all proved to exist" if certain.all() else f"{int(certain.sum())} of {n} proved to exist"
    )
    if certain.any():
        known = int((certificate.n_unstable_proved[certain] != UNDECIDED).sum())
        text += ", all distinct" if certificate.distinct[certain].all() else ", not all told apart"
        text += f"; their unstable directions proved for {known} of {int(certain.sum())}"
    for reason, count in Counter(certificate.reason[~certain].tolist()).most_common():
        text += f"; not proved: {count} ({ProofStatus(reason).sentence})"
    undecided = certificate.stability_reason[certain & (certificate.n_unstable_proved == UNDECIDED)]
    for reason, count in Counter(undecided.tolist()).most_common():
        text += f"; stability open: {count} ({ProofStatus(reason).sentence})"
    return text


def slow_proof_sentence(certificate: Certificate, label: np.ndarray) -> str:
    """Return what a certificate of slow points proves.

    Examples
    --------
    >>> nowhere = np.zeros((1, 1))
    >>> nothing = Certificate.without_proof(nowhere, nowhere, ProofStatus.BLACK_BOX)
    >>> slow_proof_sentence(nothing, np.array(["ghost"]))
    'proved: 0 of 0 fixed points; no fixed point around 0 of 1 others'
    """
    fixed = label == "fixed point"
    empty = certificate.radius_empty[~fixed]
    text = f"proved: {int(certificate.proved[fixed].sum())} of {int(fixed.sum())} fixed points"
    text += f"; no fixed point around {int((empty > 0).sum())} of {len(empty)} others"
    if (empty > 0).any():
        text += f", within {empty[empty > 0].min():.1e} or more"
    return text
