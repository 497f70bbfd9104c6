#pragma once
/* ln Gamma and its first two derivatives, and their differences over whole steps.
 *
 * Method: shifted up to arguments of at least 12, then Stirling's series (NIST Digital Library of
 * Mathematical Functions, 5.5.1, 5.11.1, 5.11.2), cut where the next term is below 2^-53 of the
 * result. The differences are formed before anything cancels: of two large ln Gamma only their
 * difference of order k ln z is computed. Errors, measured in tests/ml/test_gamma_functions.c:
 * below 2e-14 for ln Gamma itself, and 8e-15 of max(1, |result|) for 1e-6 <= z <= 1e9. */

/* ln Gamma(z), psi(z), psi'(z); z > 0. */
struct rcx_gamma_values {
    double log, first, second;
};
struct rcx_gamma_values rcx_gamma_values(double z);

/* The same of Gamma(z + k) / Gamma(z): sums over i < k of ln(z + i), 1 / (z + i), -1 / (z + i)^2.
 * k is a whole number >= 0, z > 0. */
struct rcx_gamma_values rcx_gamma_rise(double z, double k);
