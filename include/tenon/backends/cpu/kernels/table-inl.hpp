// The kernel table of TENON_ISA; included once per instruction set, after the kernels.

namespace tenon::inline v0::cpu::TENON_ISA {

template <std::size_t... I> constexpr auto map_functions(std::index_sequence<I...>) {
  return std::array{map<static_cast<unary>(I)>...};
}

template <std::size_t... I> constexpr auto zip_functions(std::index_sequence<I...>) {
  return std::array{zip<static_cast<binary>(I)>...};
}

inline constexpr kernel_table table{
    .level = isa::TENON_ISA_LEVEL,
    .lanes = vl,
    .panel = nr,
    .tile_rows = max_rows,
    .packed_floats = packed_floats,
    .pack_b = pack_b,
    .gemm = gemm,
    .gemm_unpacked_floats = gemm_unpacked_floats,
    .gemm_unpacked = gemm_unpacked,
    .conv_panels = conv_panels,
    .conv_packed_floats = conv_packed_floats,
    .pack_conv = pack_conv,
    .conv_workspace_bytes = conv_workspace_bytes,
    .conv = conv,
    .pack_depthwise = pack_depthwise,
    .depthwise = depthwise,
    .map = map_functions(std::make_index_sequence<unary_count>()),
    .zip = zip_functions(std::make_index_sequence<binary_count>()),
    .activate = activate_row,
};

}  // namespace tenon::inline v0::cpu::TENON_ISA
