// The kernel table of TENON_ISA; included once per instruction set, after the kernels.

namespace tenon::inline v0::cpu::TENON_ISA {

template <std::size_t... I> constexpr auto map_functions(std::index_sequence<I...>) {
  return std::array{map<static_cast<unary>(I)>...};
}

template <std::size_t... I> constexpr auto zip_functions(std::index_sequence<I...>) {
  return std::array{zip<static_cast<binary>(I)>...};
}

template <std::size_t... I> constexpr auto row_reductions(std::index_sequence<I...>) {
  return std::array{reduce_rows<static_cast<reduction>(I)>...};
}

template <std::size_t... I> constexpr auto column_reductions(std::index_sequence<I...>) {
  return std::array{reduce_columns<static_cast<reduction>(I)>...};
}

/// A family of kernels; `Group` is how many neighbouring k an 8-bit operand holds.
template <kernel_family Family, std::size_t Group> inline constexpr Family kernels{};

template <std::size_t Group>
inline constexpr matrix_kernels kernels<matrix_kernels, Group>{
    .level = isa::TENON_ISA_LEVEL,
    .panel = nr,
    .tile_rows = max_rows,
    .packed_floats = packed_floats,
    .pack_b = pack_b,
    .gemm = gemm,
    .gemm_unpacked_floats = gemm_unpacked_floats,
    .gemm_unpacked = gemm_unpacked,
};

template <std::size_t Group>
inline constexpr convolution_kernels kernels<convolution_kernels, Group>{
    .conv_panels = conv_panels,
    .conv_packed_floats = conv_packed_floats,
    .pack_conv = pack_conv,
    .conv_workspace_bytes = conv_workspace_bytes,
    .conv = conv,
    .winograd_packed_floats = winograd_packed_floats,
    .pack_winograd = pack_winograd,
    .winograd_workspace_bytes = winograd_workspace_bytes,
    .winograd = winograd,
    .pack_depthwise = pack_depthwise,
    .depthwise = depthwise,
};

template <std::size_t Group>
inline constexpr pointwise_kernels kernels<pointwise_kernels, Group>{
    .lanes = vl,
    .map = map_functions(std::make_index_sequence<unary_count>()),
    .zip = zip_functions(std::make_index_sequence<binary_count>()),
    .activate = activate_row,
};

template <std::size_t Group>
inline constexpr row_kernels kernels<row_kernels, Group>{
    .softmax = softmax,
    .layer_norm = layer_norm,
    .rms_norm = rms_norm,
    .reduce_rows = row_reductions(std::make_index_sequence<reduction_count>()),
    .reduce_columns = column_reductions(std::make_index_sequence<reduction_count>()),
};

template <std::size_t Group>
inline constexpr spatial_kernels kernels<spatial_kernels, Group>{
    .max_pool = pool<false>,
    .average_pool = pool<true>,
    .resize = resize,
    .transpose = transpose,
};

template <std::size_t Group>
inline constexpr quantized_kernels kernels<quantized_kernels, Group>{
    .packed_s8_bytes = packed_s8_bytes<Group>,
    .pack_b_s8 = pack_b_s8<Group>,
    .column_sums_s8 = column_sums_s8,
    .gemm_u8s8 = gemm_u8s8<Group>,
    .sum_u8 = sum_u8,
    .add_scaled = add_scaled,
    .quantize_u8 = quantize<std::uint8_t>,
    .quantize_s8 = quantize<std::int8_t>,
    .dequantize_u8 = dequantize<std::uint8_t>,
    .dequantize_s8 = dequantize<std::int8_t>,
};

}  // namespace tenon::inline v0::cpu::TENON_ISA
