// SPDX-License-Identifier: BSD-2-Clause
//
// nic_desc_fetch: prefetches the descriptors of one ring, four at a time or as many as a beat of
// memory holds. A fetch stays inside a line of that size and inside the ring, so it crosses neither
// 4 KiB nor the ring's end; what else lies in its beats is left out. Requests are limited by reserved
// FIFO space only. head_o counts descriptors that have arrived: their slots may be written again.
// Enabling the ring anew forgets what was fetched; responses still on their way are dropped. Latency:
// memory + 3 cycles. Throughput: one line in two cycles, one descriptor a cycle.
//
//   tail - req_q --> AR   ...   R --> {err, where, beat} FIFO --> entry select --> desc
module nic_desc_fetch #(
  parameter int unsigned DescBytes = 32,   // 32 or 16
  parameter int unsigned Lanes     = 1,    // a beat of memory is 32 bytes for each: 1, 2 or 4
  parameter int unsigned Beats     = 32    // prefetch FIFO
) (
  input  logic                   clk_i,
  input  logic                   rst_ni,
  input  logic                   run_i,
  input  nic_pkg::ring_cfg_t     cfg_i,
  output logic [15:0]            head_o,
  output logic                   ar_valid_o,
  input  logic                   ar_ready_i,
  output logic [63:0]            ar_addr_o,
  output logic [7:0]             ar_len_o,    // beats - 1
  input  logic                   r_valid_i,
  input  logic [256*Lanes-1:0]   r_data_i,
  input  logic                   r_err_i,
  input  logic                   r_last_i,
  output logic                   desc_valid_o,
  input  logic                   desc_ready_i,
  output logic [DescBytes*8-1:0] desc_o,
  output logic                   desc_err_o
);
  localparam int unsigned BytesLog  = (DescBytes == 16) ? 4 : 5;
  localparam int unsigned BeatLog   = 5 + $clog2(Lanes);
  localparam int unsigned EntryLog  = BeatLog - BytesLog;                     // entries of a beat
  localparam int unsigned LineLog   = (BeatLog > BytesLog + 2) ? BeatLog : BytesLog + 2;
  localparam int unsigned SlotLog   = LineLog - BytesLog;                     // entries of a line
  localparam int unsigned LineBeats = 1 << (LineLog - BeatLog);
  localparam int unsigned CountW    = $clog2(Beats + 1);
  localparam int unsigned NumW      = SlotLog + 1;
  localparam int unsigned EntryW    = (EntryLog == 0) ? 1 : EntryLog;
  localparam int unsigned Width     = 256 * Lanes;
  // By a name: Yosys takes the tilde before a cast for a part of its width.
  localparam logic [63:0] InBeat    = 64'(32*Lanes - 1);

  logic [15:0]       req_q, head_q;
  logic              ar_valid_q, drain_q;
  logic [1:0]        ar_len_q;
  logic [63:0]       ar_addr_q;
  logic [CountW-1:0] reserved_q, flying_q;   // beats

  // The next request: n descriptors from req_q on, the first of them entry `at` of its line.
  logic [15:0]        waiting, slot, size;
  logic [SlotLog-1:0] at;
  logic [NumW-1:0]    room, n, last;
  logic               go;
  logic [2:0]         beats;
  assign waiting = cfg_i.sw_idx - req_q;
  assign size    = 16'd1 << cfg_i.log2;
  assign slot    = req_q & (size - 16'd1);
  assign at      = slot[SlotLog-1:0] + cfg_i.base[BytesLog +: SlotLog];
  assign room    = NumW'(1 << SlotLog) - {1'b0, at};
  // The ring's end is the end of a line, or of half of one: its base is a multiple of 64 bytes.
  always_comb begin
    n = (waiting < 16'(room)) ? NumW'(waiting) : room;
    if (size - slot < 16'(n)) n = NumW'(size - slot);
  end
  assign last  = {1'b0, at} + n - NumW'(1);
  assign beats = 3'(last >> EntryLog) - 3'({1'b0, at} >> EntryLog) + 3'd1;
  assign go    = run_i & cfg_i.enable & ~cfg_i.flush & ~drain_q & ~ar_valid_q
                 & (waiting != 16'd0) & (reserved_q <= CountW'(Beats - LineBeats));

  assign ar_valid_o = ar_valid_q;
  assign ar_addr_o  = ar_addr_q;
  assign ar_len_o   = {6'd0, ar_len_q};
  assign head_o     = head_q;

  // Of each request on its way: the entry of its first beat, and how many there are.
  logic              ask_valid, unused_ask_ready, keep, fifo_rst_n;
  logic [EntryW-1:0] ask_at, first;
  logic [NumW-1:0]   ask_n, got_q, left, count;   // got_q: with the beats before
  assign fifo_rst_n = rst_ni & ~cfg_i.flush;
  assign keep       = r_valid_i & ~drain_q & ~cfg_i.flush;
  nic_fifo #(.Width(EntryW + NumW), .Depth(Beats)) i_asks (
    .clk_i(clk_i), .rst_ni(fifo_rst_n),
    .valid_i(go), .ready_o(unused_ask_ready),
    .data_i({(EntryLog == 0) ? EntryW'(0) : at[EntryW-1:0], n}),
    .valid_o(ask_valid), .ready_i(keep & r_last_i), .data_o({ask_at, ask_n}), .count_o()
  );
  // Of a beat: its first entry that is wanted, and how many follow.
  assign first = (got_q == '0) ? ask_at : '0;
  assign left  = ask_n - got_q;
  always_comb begin
    count = NumW'(1 << EntryLog) - NumW'(first);
    if (left < count) count = left;
  end

  logic              beat_valid, beat_pop, beat_err, unused_beat_ready;
  logic [EntryW-1:0] beat_at;
  logic [NumW-1:0]   beat_n;
  logic [Width-1:0]  beat_data;
  nic_fifo #(.Width(1 + EntryW + NumW + Width), .Depth(Beats)) i_beats (
    .clk_i(clk_i), .rst_ni(fifo_rst_n),
    .valid_i(keep), .ready_o(unused_beat_ready), .data_i({r_err_i, first, count, r_data_i}),
    .valid_o(beat_valid), .ready_i(beat_pop), .data_o({beat_err, beat_at, beat_n, beat_data}),
    .count_o()
  );

  assign desc_valid_o = beat_valid;
  assign desc_err_o   = beat_err;
  if (EntryLog == 0) begin : gen_one
    logic unused_where;
    assign unused_where = &{1'b0, beat_at, beat_n};
    assign desc_o       = beat_data;
    assign beat_pop     = beat_valid & desc_ready_i;
  end else begin : gen_some
    logic [EntryW-1:0] done_q, entry;   // entries of the beat that have left
    assign entry    = beat_at + done_q;
    assign desc_o   = beat_data[{entry, {(BytesLog+3){1'b0}}} +: DescBytes*8];
    assign beat_pop = beat_valid & desc_ready_i & (NumW'(done_q) + NumW'(1) == beat_n);
    always_ff @(posedge clk_i) begin
      if (!fifo_rst_n || beat_pop) done_q <= '0;
      else if (beat_valid && desc_ready_i) done_q <= done_q + EntryW'(1);
    end
  end

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      req_q      <= '0;
      head_q     <= '0;
      ar_valid_q <= 1'b0;
      ar_len_q   <= '0;
      ar_addr_q  <= '0;
      drain_q    <= 1'b0;
      got_q      <= '0;
      reserved_q <= '0;
      flying_q   <= '0;
    end else begin
      if (ar_valid_q && ar_ready_i) ar_valid_q <= 1'b0;
      if (go) begin
        ar_valid_q <= 1'b1;
        ar_len_q   <= 2'(beats - 3'd1);
        ar_addr_q  <= cfg_i.base + ({48'd0, slot} << BytesLog) & ~InBeat;
        req_q      <= req_q + 16'(n);
      end
      if (go || r_valid_i) begin
        flying_q <= flying_q + (go ? CountW'(beats) : '0) - CountW'(r_valid_i);
      end
      if (go || beat_pop) begin
        reserved_q <= reserved_q + (go ? CountW'(beats) : '0) - CountW'(beat_pop);
      end
      if (keep) begin
        got_q  <= r_last_i ? '0 : got_q + count;
        head_q <= head_q + 16'(count);
      end
      if (drain_q && flying_q == '0) drain_q <= 1'b0;
      if (cfg_i.flush) begin
        req_q      <= '0;
        head_q     <= '0;
        reserved_q <= '0;
        got_q      <= '0;
        drain_q    <= 1'b1;
      end
    end
  end

`ifndef SYNTHESIS
  always_ff @(posedge clk_i) begin
    if (r_valid_i && rst_ni) begin
      assert (flying_q != '0) else $fatal(1, "nic_desc_fetch: response without request");
      if (keep) begin
        assert (ask_valid) else $fatal(1, "nic_desc_fetch: no request for response");
        assert (count != '0) else $fatal(1, "nic_desc_fetch: beat without descriptor");
        assert (unused_beat_ready) else $fatal(1, "nic_desc_fetch: FIFO overrun");
      end
    end
    if (go && rst_ni) assert (unused_ask_ready) else $fatal(1, "nic_desc_fetch: requests overrun");
  end
`endif
endmodule
