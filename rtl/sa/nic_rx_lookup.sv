// SPDX-License-Identifier: BSD-2-Clause
//
// nic_rx_lookup: finds the SA of each received ESP frame in its two possible buckets and decides
// whether the card tries to decrypt it. Other frames pass in the same order. Latency 4 cycles, 1 for
// other frames when no look-up is under way; a frame in two cycles.
//
//   cycle   0: meta, first bucket   1: second bucket   2: first hit   3: second hit --> FIFO --> frame
//              '--> key_q, a_q                             '--> b_q
module nic_rx_lookup #(
  parameter int unsigned Lanes = 1   // blocks of 16 bytes in a beat: 1, 2 or 4
) (
  input  logic               clk_i,
  input  logic               rst_ni,
  input  logic               enable_i,      // CTRL.IPSEC_RX_EN
  input  logic               meta_valid_i,
  output logic               meta_ready_o,
  input  logic [nic_pkg::QUEUE_W-1:0] queue_i,   // of meta_i
  input  nic_pkg::rx_meta_t  meta_i,
  output logic               rd_en_o,
  output logic [9:0]         rd_bucket_o,
  output logic               v6_o,          // what is looked for, in the cycle after each read
  output logic [31:0]        spi_o,
  output logic [127:0]       dst_o,
  input  logic               hit_i,         // two cycles after a read
  input  logic [9:0]         hit_sa_i,
  output logic               frame_valid_o,
  input  logic               frame_ready_i,
  output nic_pkg::rx_frame_t frame_o
);
  localparam int unsigned ByteW = 4 + $clog2(Lanes);
  localparam logic [31:0] H1_XOR = 32'h9e37_79b9;

  logic               a_valid_q, a_search_q, b_valid_q, b_search_q, b_second_q, first_hit_q, v6_q;
  logic [9:0]         first_sa_q;
  logic [31:0]        spi_q;
  logic [127:0]       dst_q;
  nic_pkg::rx_frame_t a_q, b_q, in, done;
  logic               search, len_ok, take, pass, put, hit, unused_ready;
  logic [9:0]         sa;
  logic [2:0]         count;
  logic [16:0]        text_sum;

  assign search = meta_i.esp_seen & enable_i;
  // RFC 4303: the text is a multiple of 4 bytes.
  assign len_ok = meta_i.text_len[1:0] == 2'd0;
  assign text_sum = {1'b0, meta_i.text_len} + 17'(16*Lanes - 1);
  // Nothing stops a look-up under way, so each has its place in the FIFO.
  assign take   = meta_valid_i & ~a_valid_q & (count <= 3'd1);
  assign pass   = take & ~search & ~b_valid_q;
  assign hit    = b_search_q & (first_hit_q | hit_i);
  assign sa     = first_hit_q ? first_sa_q : hit_sa_i;

  assign meta_ready_o = ~a_valid_q & (count <= 3'd1);
  assign rd_en_o      = (take & search) | (a_valid_q & a_search_q);
  assign rd_bucket_o  = a_valid_q ? nic_pkg::match_hash({spi_q[12:0], spi_q[31:13]} ^ H1_XOR)
                        : nic_pkg::match_hash(meta_i.spi);
  assign v6_o         = v6_q;
  assign spi_o        = spi_q;
  assign dst_o        = dst_q;

  always_comb begin
    in = '0;
    if (meta_valid_i) begin
      in.qid      = queue_i;
      in.esp_seen = meta_i.esp_seen;
      in.esp_off  = meta_i.esp_off;
      in.form     = meta_i.form;
      in.len      = meta_i.len;
      in.text_len = meta_i.text_len;
      in.crypt    = search & len_ok;          // if there is an SA
      in.sa_idx   = nic_pkg::NO_SA_IDX;
      in.hdr      = 5'(({1'b0, meta_i.esp_off} + 9'd15) >> ByteW);
      in.text_end = {5'd0, in.hdr} + 10'(text_sum >> ByteW);
      in.code     = nic_pkg::CODE_OK;
    end
    done = b_valid_q ? b_q : in;
    if (b_valid_q) begin
      done.crypt  = b_q.crypt & hit;
      done.sa_idx = hit ? {6'd0, sa} : nic_pkg::NO_SA_IDX;
      done.code   = !b_search_q ? nic_pkg::CODE_OK : !hit ? nic_pkg::CODE_NO_SA
                    : !b_q.crypt ? nic_pkg::CODE_BAD_LEN : nic_pkg::CODE_OK;
    end
  end

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      a_valid_q  <= 1'b0;
      b_valid_q  <= 1'b0;
      b_second_q <= 1'b0;
    end else begin
      a_valid_q <= take & ~pass;
      if (a_valid_q) b_valid_q <= 1'b1;
      else if (b_second_q) b_valid_q <= 1'b0;
      b_second_q <= b_valid_q & ~b_second_q;
    end
    if (take && !pass) begin
      a_q        <= in;
      a_search_q <= search;
      v6_q       <= meta_i.v6;
      spi_q      <= meta_i.spi;
      dst_q      <= meta_i.dst;
    end
    if (a_valid_q) begin
      b_q        <= a_q;
      b_search_q <= a_search_q;
    end
    if (b_valid_q && !b_second_q) begin
      first_hit_q <= hit_i;
      first_sa_q  <= hit_sa_i;
    end
  end

  assign put = pass | b_second_q;
  nic_fifo #(.Width($bits(frame_o)), .Depth(4)) i_frames (
    .clk_i(clk_i), .rst_ni(rst_ni),
    .valid_i(put), .ready_o(unused_ready), .data_i(done),
    .valid_o(frame_valid_o), .ready_i(frame_ready_i), .data_o(frame_o), .count_o(count)
  );

`ifndef SYNTHESIS
  always_ff @(posedge clk_i) begin
    if (rst_ni && (a_valid_q || put)) begin
      assert (!(a_valid_q && b_valid_q && !b_second_q))
        else $fatal(1, "nic_rx_lookup: two look-ups at once");
      assert (!(put && !unused_ready)) else $fatal(1, "nic_rx_lookup: frame lost");
    end
  end
`endif
endmodule
