// SPDX-License-Identifier: BSD-2-Clause
//
// nic_sa_state: what the card counts for each of 1024 SAs of one direction (packets, bytes, frames
// that failed). An event is one read and one write of a row, so a row read for software is of one
// moment, however long software takes for its words. Throughput one event a cycle; what was written
// in the cycle of a read is forwarded. A row is zeroed when its SA is written. Latency 2 cycles from
// an event to its row.
//
//   event --> mem[idx] --> row_q --> + --> mem[idx]
//   software: read_i --> mem[idx] --> read_q (held)
module nic_sa_state (
  input  logic                 clk_i,
  input  logic                 rst_ni,
  input  logic                 scrub_i,
  input  logic [9:0]           scrub_row_i,
  input  nic_pkg::sa_write_t   write_i,
  input  nic_pkg::sa_event_t   event_i,
  // Software reads a row: the answer holds until the next request.
  input  logic                 read_i,       // one cycle
  input  logic [9:0]           read_idx_i,
  output logic                 read_busy_o,
  output logic [159:0]         read_o        // errors, bytes, packets
);
  localparam int unsigned Width = 160;       // errors, bytes, packets

  logic [Width-1:0]   mem [1024];
  logic [Width-1:0]   row_q, last_q;
  nic_pkg::sa_event_t event_q;
  logic               forward_q, clear_q, read_pend_q, read_row_q, fetch_read;
  logic [9:0]         clear_idx_q, read_idx_q, fetch_idx;
  logic [159:0]       read_q;

  // A 64-bit counter and one more, in short adders side by side: a carry needs no look at sums.
  function automatic logic [63:0] bump(input logic [63:0] x, input logic more);
    logic [63:0] y;
    logic        carry;
    carry = more;
    for (int unsigned i = 0; i < 4; i++) begin
      y[16*i +: 16] = carry ? x[16*i +: 16] + 16'd1 : x[16*i +: 16];
      carry = carry & (&x[16*i +: 16]);
    end
    bump = y;
  endfunction

  function automatic logic [Width-1:0] counted(input logic [Width-1:0] row,
                                               input logic [15:0] len, input logic bad);
    logic [16:0] low_bytes;
    low_bytes = {1'b0, row[79:64]} + {1'b0, len};
    counted   = bad ? {row[159:128] + 32'd1, row[127:0]}
                    : {row[159:128], 48'(bump({16'd0, row[127:80]}, low_bytes[16])), low_bytes[15:0],
                       bump(row[63:0], 1'b1)};
  endfunction

  // The read port: events first; software waits for a cycle without one.
  assign fetch_read = read_pend_q & ~event_i.valid;
  assign fetch_idx  = event_i.valid ? event_i.idx : read_idx_q;

  assign read_busy_o    = read_pend_q | read_row_q;
  assign read_o         = read_q;

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      event_q     <= '0;
      forward_q   <= 1'b0;
      clear_q     <= 1'b0;
      read_pend_q <= 1'b0;
      read_row_q  <= 1'b0;
    end else begin
      event_q.valid <= event_i.valid;
      if (event_i.valid) begin
        event_q   <= event_i;
        forward_q <= event_q.valid && event_q.idx == event_i.idx;
      end
      if (write_i.valid) clear_q <= 1'b1;
      else if (!event_q.valid && !scrub_i) clear_q <= 1'b0;
      if (read_i) read_pend_q <= 1'b1;
      else if (fetch_read) read_pend_q <= 1'b0;
      read_row_q <= fetch_read;
    end
  end

  always_ff @(posedge clk_i) begin
    if (write_i.valid) clear_idx_q <= write_i.idx;
    if (read_i) read_idx_q <= read_idx_i;
    if (scrub_i) mem[scrub_row_i] <= '0;
    else if (event_q.valid) begin : count
      logic [Width-1:0] next;
      next = counted(forward_q ? last_q : row_q, event_q.len, event_q.bad);
      mem[event_q.idx] <= next;
      last_q           <= next;
    end else if (clear_q) mem[clear_idx_q] <= '0;
    if (event_i.valid || fetch_read) row_q <= mem[fetch_idx];
    if (!rst_ni) read_q <= '0;
    else if (read_row_q) read_q <= row_q;
  end

  logic unused_write;
  assign unused_write = &{1'b0, write_i.entry, write_i.flip, write_i.seq, write_i.seen};

`ifndef SYNTHESIS
  always_ff @(posedge clk_i) begin
    if (rst_ni && read_i) begin
      assert (!(read_i && read_busy_o)) else $fatal(1, "nic_sa_state: two reads");
    end
  end
`endif
endmodule
