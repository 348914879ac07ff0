// SPDX-License-Identifier: BSD-2-Clause
#include "nic_model.hh"

namespace tagwire {

NicModel::NicModel(VerilatedContext &context, const char *name) : pins(&context, name) {
  pins.clk_i = 0;
  pins.rst_ni = 0;
  pins.s_axil_awvalid_i = 0;
  pins.s_axil_wvalid_i = 0;
  pins.s_axil_bready_i = 1;
  pins.s_axil_arvalid_i = 0;
  pins.s_axil_rready_i = 1;
  pins.m_axi_arready_i = 0;
  pins.m_axi_rvalid_i = 0;
  pins.m_axi_awready_i = 0;
  pins.m_axi_wready_i = 0;
  pins.m_axi_bvalid_i = 0;
  pins.m_axis_tx_tready_i = 0;
  pins.s_axis_rx_tvalid_i = 0;
}

}  // namespace tagwire
