// Every kernel once, for the instruction set named by TENON_ISA.

#include "tenon/backends/cpu/kernels/math-inl.hpp"
//
#include "tenon/backends/cpu/kernels/elementwise-inl.hpp"
//
#include "tenon/backends/cpu/kernels/gemm-inl.hpp"
//
#include "tenon/backends/cpu/kernels/conv-inl.hpp"
//
#include "tenon/backends/cpu/kernels/depthwise-inl.hpp"
//
#include "tenon/backends/cpu/kernels/rows-inl.hpp"
//
#include "tenon/backends/cpu/kernels/spatial-inl.hpp"
//
#include "tenon/backends/cpu/kernels/winograd-inl.hpp"
//
#include "tenon/backends/cpu/kernels/int8-inl.hpp"
//
#include "tenon/backends/cpu/kernels/quantize-inl.hpp"
//
#include "tenon/backends/cpu/kernels/table-inl.hpp"
