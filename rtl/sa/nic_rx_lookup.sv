// SPDX-License-Identifier: BSD-2-Clause
//
// nic_rx_lookup: finds the SA of each received ESP frame in its two possible buckets and decides
// whether the card tries to decrypt it. Other frames pass. Latency 1 cycle for other frames, 3 for
// ESP; one frame at a time, so a look-up hides behind the frame before.
module nic_rx_lookup (
  input  logic               clk_i,
  input  logic               rst_ni,
  input  logic               enable_i,      // CTRL.IPSEC_RX_EN
  input  logic               meta_valid_i,
  output logic               meta_ready_o,
  input  nic_pkg::rx_meta_t  meta_i,
  output logic               rd_en_o,
  output logic [9:0]         rd_bucket_o,
  input  logic               hit_i,
  input  logic [9:0]         hit_sa_i,
  output logic               frame_valid_o,
  input  logic               frame_ready_i,
  output nic_pkg::rx_frame_t frame_o
);
  typedef enum logic [1:0] {Idle, First, Second, Third} state_e;
  localparam logic [31:0] H1_XOR = 32'h9e37_79b9;

  state_e             state_q;
  logic               frame_valid_q, first_hit_q;
  logic [9:0]         first_sa_q;
  nic_pkg::rx_frame_t frame_q;
  logic               search, slot, finish, hit, len_ok;
  logic [9:0]         sa;

  assign search = meta_i.esp_seen & enable_i;
  assign slot   = ~frame_valid_q | frame_ready_i;
  assign finish = (state_q == Idle) ? meta_valid_i & ~search & slot : (state_q == Third) & slot;
  assign hit    = (state_q == Third) & (first_hit_q | hit_i);
  assign sa     = first_hit_q ? first_sa_q : hit_sa_i;
  // RFC 4303: the text is a multiple of 4 bytes.
  assign len_ok = meta_i.text_len[1:0] == 2'd0;

  assign meta_ready_o  = finish;
  assign rd_en_o       = ((state_q == Idle) & meta_valid_i & search) | (state_q == First);
  assign rd_bucket_o   = (state_q == Idle) ? nic_pkg::match_hash(meta_i.spi)
                         : nic_pkg::match_hash({meta_i.spi[12:0], meta_i.spi[31:13]} ^ H1_XOR);
  assign frame_valid_o = frame_valid_q;
  assign frame_o       = frame_q;

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      state_q       <= Idle;
      frame_valid_q <= 1'b0;
      first_hit_q   <= 1'b0;
    end else begin
      case (state_q)
        Idle:  if (meta_valid_i && search) state_q <= First;
        First: state_q <= Second;
        Second: begin
          state_q     <= Third;
          first_hit_q <= hit_i;
          first_sa_q  <= hit_sa_i;
        end
        default: if (slot) state_q <= Idle;
      endcase
      if (frame_ready_i) frame_valid_q <= 1'b0;
      if (finish) begin
        frame_valid_q    <= 1'b1;
        frame_q.esp_seen <= meta_i.esp_seen;
        frame_q.esp_off  <= meta_i.esp_off;
        frame_q.len      <= meta_i.len;
        frame_q.text_len <= meta_i.text_len;
        frame_q.crypt    <= search & hit & len_ok;
        frame_q.sa_idx   <= hit ? {6'd0, sa} : nic_pkg::NO_SA_IDX;
        frame_q.code     <= !search ? nic_pkg::CODE_OK : !hit ? nic_pkg::CODE_NO_SA
                            : !len_ok ? nic_pkg::CODE_BAD_LEN : nic_pkg::CODE_OK;
      end
    end
  end

  logic unused_dst;
  assign unused_dst = &{1'b0, meta_i.v6, meta_i.dst};
endmodule
