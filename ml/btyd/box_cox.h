#pragma once
/* (e^(q l) - 1) / q, which is l for q = 0, of eight doubles at once; for kernels only. */
#include "ml/btyd/lanes.h"

/* |q l| <= 700; relative error below 1e-14. */
RCX_LANES_INLINE rcx_lanes rcx_lanes_box_cox(double q, rcx_lanes l)
{
    const rcx_lanes y = q * l;
    rcx_lanes p = rcx_lanes_all(1.0 / 362880);
    p = p * y + 1.0 / 40320;
    p = p * y + 1.0 / 5040;
    p = p * y + 1.0 / 720;
    p = p * y + 1.0 / 120;
    p = p * y + 1.0 / 24;
    p = p * y + 1.0 / 6;
    p = p * y + .5;
    const rcx_lanes near = l * (1 + y * p);
    if (q == 0)
        return near;
    const rcx_lanes far = (rcx_lanes_exp(y) - 1) / q;
    return rcx_lanes_pick(rcx_lanes_abs(y) < .05, near, far);
}
