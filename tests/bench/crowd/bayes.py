"""Rivals no package ships, written from their papers' equations: EBCC and IBCC by variational Bayes, and plain EM."""

from __future__ import annotations

import numpy as np
from scipy.special import digamma, gammaln

from scoring.arrays import Floats, Ints, log, softmax
from tests.bench.crowd.data import UNKNOWN, CrowdSet, no_gold

# Hyperparameters of both models; the papers leave some of them open, so the figures of others may differ.
DIAGONAL, OFF_DIAGONAL, CONCENTRATION, COMMON = 4.0, 1.0, 0.1, 1.0
N_SUBTYPES, N_STARTS, N_ITERATIONS, TOLERANCE = 10, 10, 500, 1e-4


def ebcc(crowd: CrowdSet, gold: Ints | None = None) -> Floats:
    """Posterior (S, K) of the start with the largest bound. Li, Rubinstein and Cohn (2019), ICML.

    Every true label k has M subtypes; a volunteer has a row of her confusion matrix per subtype, so that
    subjects of one label may be confused by everybody in the same way.
    """
    starts = [np.random.default_rng(seed) for seed in range(N_STARTS)]
    return max((variational(crowd, gold, N_SUBTYPES, rng) for rng in starts), key=lambda found: found[1])[0]


def ibcc(crowd: CrowdSet, gold: Ints | None = None) -> Floats:
    """Posterior (S, K). Kim and Ghahramani (2012); mean field as in Simpson et al. (2013): EBCC with one subtype."""
    return variational(crowd, gold, 1, np.random.default_rng(0))[0]


def variational(
    crowd: CrowdSet, gold: Ints | None, m: int, rng: np.random.Generator, n_iterations: int = N_ITERATIONS
) -> tuple[Floats, float]:
    """Mean field q(z, g) q(τ) q(π) q(v), begun at the majority: posterior (S, K) and the evidence's lower bound."""
    k, j = crowd.n_labels, crowd.n_volunteers
    gold = no_gold(crowd) if gold is None else gold
    told = gold != UNKNOWN
    prior_v = OFF_DIAGONAL + (DIAGONAL - OFF_DIAGONAL) * np.eye(k)  # (K, L)
    share = (crowd.votes + 1e-9) / (crowd.votes + 1e-9).sum(axis=1, keepdims=True)
    share[told] = np.eye(k)[gold[told]]
    rho = share[:, :, None] * rng.dirichlet(np.ones(m), size=share.shape)  # (S, K, M)
    bound = -np.inf
    for _ in range(n_iterations):
        nu = COMMON + rho.sum(axis=(0, 2))  # (K,)
        eta = CONCENTRATION / m + rho.sum(axis=0)  # (K, M)
        seen = crowd.incidence.T @ rho.reshape(-1, k * m)  # (V·L, K·M)
        mu = prior_v.T[None, :, :, None] + seen.reshape(j, k, k, m)  # (V, L, K, M)
        before, bound = bound, _bound(rho, nu, eta, mu, prior_v)
        if bound - before < TOLERANCE * abs(bound) / 100:
            break
        said = digamma(mu) - digamma(mu.sum(axis=1, keepdims=True))
        common = digamma(nu)[:, None] + digamma(eta) - digamma(eta.sum(axis=1, keepdims=True))
        score = (crowd.incidence @ said.reshape(j * k, k * m)).reshape(-1, k, m) + common
        score[told] += log(np.eye(k)[gold[told]])[:, :, None] * 1e3
        rho = softmax(score.reshape(-1, k * m)).reshape(-1, k, m)
    return rho.sum(axis=2), bound


def _bound(rho: Floats, nu: Floats, eta: Floats, mu: Floats, prior_v: Floats) -> float:
    """Evidence lower bound right after the Dirichlets' update: entropy of q(z, g) plus ratios of normalisers."""
    entropy = -(rho * log(rho)).sum()
    tau = _log_beta(nu) - _log_beta(np.full_like(nu, COMMON))
    pi = (_log_beta(eta) - _log_beta(np.full_like(eta, CONCENTRATION / eta.shape[1]))).sum()
    v = (_log_beta(np.moveaxis(mu, 1, -1)) - _log_beta(prior_v)[None, :, None]).sum()
    return float(entropy + tau + pi + v)


def _log_beta(alpha: Floats) -> Floats:
    """Logarithm of the Dirichlet's normaliser over the last axis."""
    return np.asarray(gammaln(alpha).sum(axis=-1) - gammaln(alpha.sum(axis=-1)))


def plain_em(
    crowd: CrowdSet, gold: Ints, n_iterations: int = 30, tolerance: float = 1e-4
) -> tuple[Floats, Floats, Floats]:
    """Dawid and Skene (1979) without shrinkage: posterior (S, K), confusion (V, K, K) [true, given], prior (K,).

    .01 of an answer per cell keeps a volunteer's unseen label from ruling anything out for ever.
    """
    k = crowd.n_labels
    told = gold != UNKNOWN
    posterior = (crowd.votes + 1e-9) / (crowd.votes + 1e-9).sum(axis=1, keepdims=True)
    for _ in range(n_iterations):
        posterior[told] = np.eye(k)[gold[told]]
        counts = (crowd.incidence.T @ posterior).reshape(-1, k, k).swapaxes(1, 2) + 0.01
        confusion = counts / counts.sum(axis=2, keepdims=True)
        prior = posterior.mean(axis=0)
        said = log(confusion).swapaxes(1, 2).reshape(-1, k)
        before, posterior = posterior, softmax(log(prior) + crowd.incidence @ said)
        if np.abs(posterior - before).max(initial=0) < tolerance:
            break
    posterior[told] = np.eye(k)[gold[told]]
    return posterior, confusion, prior
