// SPDX-License-Identifier: BSD-2-Clause
//
// nic_tx_issue: turns a transmit descriptor into a read command and a frame record, or, when a
// check fails, into a record with an error code alone, so that completions keep their order. Of a frame
// in parts the record leaves with the first command, each further part takes a cycle more.
// Whether the SA suits is checked later, when the key is used. Under packet offload, which one lane
// alone does, the descriptor's length is that of what lies in memory, the record's that of the frame
// with ESP header and trailer. Latency 1 cycle; one descriptor a cycle.
//
//   descriptor --> checks --+--> command --> nic_dma_read
//                           '--> record --> frame FIFO, plan of the sum --> nic_csum_tx
module nic_tx_issue #(
  parameter int unsigned Lanes = 1,   // blocks of 16 bytes in a beat of the stream: 1, 2 or 4
  localparam int unsigned ByteW = 4 + $clog2(Lanes)
) (
  input  logic                 clk_i,
  input  logic                 rst_ni,
  output logic                 busy_o,
  input  nic_pkg::cfg_t        cfg_i,
  input  logic                 desc_valid_i,
  output logic                 desc_ready_o,
  input  logic [255:0]         desc_i,
  input  logic                 desc_err_i,
  input  logic                 desc_bad_i,
  input  logic [nic_pkg::QUEUE_W-1:0] desc_queue_i,
  input  logic                 desc_chain_i,    // the frame is in parts
  input  logic [3:0]           desc_parts_i,
  output logic [2:0]           part_idx_o,
  input  logic [79:0]          part_i,          // length, address
  output logic                 cmd_valid_o,
  input  logic                 cmd_ready_i,
  output logic [63:0]          cmd_addr_o,
  output logic [15:0]          cmd_len_o,
  output logic [ByteW-1:0]     cmd_lead_o,
  output logic                 cmd_more_o,      // the frame goes on in the next command
  output logic                 frame_valid_o,
  input  logic                 frame_ready_i,
  output nic_pkg::tx_frame_t   frame_o,
  output nic_pkg::tx_csum_t    csum_o           // with frame_o, of a frame without an error
);
  // The smallest IPv4 header in front of ESP: 14 + 20. ESP header and IV: 16. Smallest text: 4.
  localparam logic [7:0]  MIN_ESP_OFFSET = 8'd34;
  localparam logic [16:0] MIN_ESP_REST   = 17'd20;
  localparam logic [16:0] ICV_LEN        = 17'd16;
  localparam logic [16:0] MIN_FRAME      = 17'd14;
  // ESP header, IV, pad length and next header.
  localparam logic [16:0] PACKET_ADDS    = 17'd18;

  logic               valid_q, good_q, sent_q, step, leave;
  logic [3:0]         left_q;    // parts behind this one
  logic [2:0]         next_q;
  nic_pkg::tx_frame_t frame_q;
  nic_pkg::tx_csum_t  csum_q;
  logic [63:0]        addr_q;
  logic [15:0]        len_q;
  logic [ByteW-1:0]   lead_q;
  assign leave         = (frame_ready_i | sent_q) & (cmd_ready_i | ~good_q) & (left_q == 4'd0);
  assign step          = cmd_valid_o & cmd_ready_i & (left_q != 4'd0);
  assign part_idx_o    = desc_ready_o ? 3'd0 : next_q;
  assign desc_ready_o  = ~valid_q | leave;
  assign cmd_valid_o   = valid_q & good_q & (frame_ready_i | sent_q);
  assign cmd_addr_o    = addr_q;
  assign cmd_len_o     = len_q;
  assign cmd_lead_o    = lead_q;
  assign cmd_more_o    = left_q != 4'd0;
  assign frame_valid_o = valid_q & ~sent_q & (cmd_ready_i | ~good_q);
  assign csum_o        = csum_q;
  // Of a packet: text is payload and trailer, and has beats of its own behind the ESP beat.
  logic [15:0] text_len, pay_len, text_end;
  logic [4:0]  hdr;
  assign hdr      = 5'(({1'b0, frame_q.esp_off} + 9'd15) >> ByteW);
  assign text_len = frame_q.len - {8'd0, frame_q.esp_off} - 16'd16;
  assign pay_len  = text_len - 16'd2 - {14'd0, frame_q.pad};
  assign text_end = text_len + 16'd15;
  always_comb begin
    frame_o       = frame_q;
    frame_o.hdr   = hdr;
    frame_o.first = {5'd0, hdr} + 10'd1 + pay_len[13:4];
    frame_o.last  = {5'd0, hdr} + text_end[13:4];
    frame_o.tail  = pay_len[3:0];
  end
  assign busy_o        = valid_q;

  always_ff @(posedge clk_i) begin
    if (!rst_ni) valid_q <= 1'b0;
    else if (desc_ready_o) valid_q <= desc_valid_i;
    if (step) begin
      sent_q <= 1'b1;
      left_q <= left_q - 4'd1;
      next_q <= next_q + 3'd1;
      lead_q <= lead_q + len_q[ByteW-1:0];
      addr_q <= part_i[63:0];
      len_q  <= part_i[79:64];
    end
    if (desc_valid_i && desc_ready_o) begin : check   // worked out when one comes, and not before
      logic [16:0] len, esp_off, max_frame;
      logic        ipsec, packet, plain_bad, esp_bad, packet_bad, sa_bad, csum_bad;
      logic [16:0] sum_from, sum_at, sum_to;
      logic [1:0]  pad;
      logic [16:0] packet_len;
      logic [3:0]  code;
      logic [ByteW-1:0] lead;

      ipsec      = desc_i[80];
      len        = {1'b0, desc_i[79:64]};
      esp_off    = {9'd0, desc_i[119:112]};
      max_frame  = {1'b0, cfg_i.max_frame};
      packet     = ipsec & desc_i[82];
      // RFC 4303 §2.4: payload, padding, pad length and next header are whole words.
      pad        = esp_off[1:0] - len[1:0] - 2'd2;
      packet_len = len + PACKET_ADDS + {15'd0, pad};
      plain_bad  = (len < MIN_FRAME) | (len > max_frame);
      esp_bad    = (desc_i[119:112] < MIN_ESP_OFFSET) | (len < esp_off + MIN_ESP_REST)
                   | (len[1:0] != esp_off[1:0]) | (len + ICV_LEN > max_frame);
      packet_bad = (desc_i[119:112] < MIN_ESP_OFFSET) | (len < esp_off)
                   | (packet_len + ICV_LEN > max_frame);
      // The field lies in what is summed, and that in the frame.
      sum_from   = {1'b0, desc_i[207:192]};
      sum_at     = {1'b0, desc_i[223:208]};
      sum_to     = {1'b0, desc_i[239:224]};
      csum_bad   = desc_i[83] & ((sum_from > sum_at) | (sum_at + 17'd2 > sum_to) | (sum_to > len));
      // RFC 4303 protection was asked for: without an engine or an SA the frame must not leave.
      sa_bad     = (desc_i[111:106] != 6'd0) | ~cfg_i.ipsec_tx_en | (packet & (Lanes > 1));

      code       = desc_err_i ? nic_pkg::CODE_DMA_ERR
                   : (desc_bad_i | csum_bad | (packet ? packet_bad : ipsec ? esp_bad : plain_bad))
                     ? nic_pkg::CODE_BAD_LEN
                   : (ipsec & sa_bad) ? nic_pkg::CODE_NO_SA : nic_pkg::CODE_OK;
      // Cipher text (espOffset + 16) shall start on a beat.
      lead       = ipsec ? '0 - desc_i[112 +: ByteW] - ByteW'(16) : '0;

      sent_q          <= 1'b0;
      next_q          <= 3'd1;
      left_q          <= (desc_chain_i && code == nic_pkg::CODE_OK) ? desc_parts_i - 4'd1 : 4'd0;
      good_q          <= code == nic_pkg::CODE_OK;
      frame_q.qid     <= desc_queue_i;
      frame_q.code    <= code;
      frame_q.ipsec   <= ipsec;
      frame_q.esn     <= desc_i[81];
      frame_q.esp_off <= desc_i[119:112];
      frame_q.len     <= packet ? packet_len[15:0] : desc_i[79:64];
      frame_q.packet  <= packet;
      frame_q.pad     <= pad;
      frame_q.next    <= desc_i[127:120];
      len_q           <= desc_chain_i ? part_i[79:64] : desc_i[79:64];
      frame_q.sa_idx  <= ipsec ? desc_i[111:96] : nic_pkg::NO_SA_IDX;
      frame_q.esn_hi  <= desc_i[159:128];
      frame_q.cookie  <= desc_i[191:160];
      {frame_q.hdr, frame_q.first, frame_q.last, frame_q.tail} <= '0;   // see frame_o
      csum_q.on       <= desc_i[83];
      if (desc_i[83]) begin
        csum_q.start <= 15'(lead) + sum_from[14:0];
        csum_q.at    <= 15'(lead) + sum_at[14:0];
        csum_q.stop  <= 15'(lead) + sum_to[14:0];
      end
      lead_q          <= lead;
      addr_q          <= desc_chain_i ? part_i[63:0] : desc_i[63:0];
    end
  end

  logic unused_bits;
  assign unused_bits = &{1'b0, cfg_i.tx_en, cfg_i.rx_en, cfg_i.promisc, cfg_i.ipsec_rx_en,
                         cfg_i.mac, cfg_i.rx_flag_bad, cfg_i.rx_scatter, cfg_i.natt_port,
                         cfg_i.rx_csum, desc_i[95:84],
                         desc_i[255:240], pay_len[15:14], text_end[15:14], text_end[3:0]};
endmodule
