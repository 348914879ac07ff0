// SPDX-License-Identifier: BSD-2-Clause
//
// nic_check_axi: watches an AXI4 port, master and slave, and stops the simulation when a rule is
// broken (AMBA AXI and ACE specification, chapters A3 and A5). Simulation alone; changes nothing.
//
//   A3.2.1  a valid stays, with its payload, until it is taken
//   A3.4.1  bursts do not cross 4 KiB; they are INCR here, of whole beats, at aligned addresses
//   A3.4.1  a burst has as many beats as its address said, the last one marked
//   A3.3.1  a response comes after its request: read data after AR; B after AW and the last W
//   A5.3    read bursts of one ID come in order; B of an ID that has a write under way
module nic_check_axi #(
  parameter int unsigned Bytes = 32
) (
  input logic               clk_i,
  input logic               rst_ni,
  input logic [3:0]         arid_i,
  input logic [63:0]        araddr_i,
  input logic [7:0]         arlen_i,
  input logic [2:0]         arsize_i,
  input logic [1:0]         arburst_i,
  input logic               arvalid_i,
  input logic               arready_i,
  input logic [3:0]         rid_i,
  input logic [8*Bytes-1:0] rdata_i,
  input logic [1:0]         rresp_i,
  input logic               rlast_i,
  input logic               rvalid_i,
  input logic               rready_i,
  input logic [3:0]         awid_i,
  input logic [63:0]        awaddr_i,
  input logic [7:0]         awlen_i,
  input logic [2:0]         awsize_i,
  input logic [1:0]         awburst_i,
  input logic               awvalid_i,
  input logic               awready_i,
  input logic [8*Bytes-1:0] wdata_i,
  input logic [Bytes-1:0]   wstrb_i,
  input logic               wlast_i,
  input logic               wvalid_i,
  input logic               wready_i,
  input logic [3:0]         bid_i,
  input logic [1:0]         bresp_i,
  input logic               bvalid_i,
  input logic               bready_i
);
  localparam int unsigned SizeLog2 = $clog2(Bytes);

  // A burst stays within its 4 KiB and starts on a beat.
  function automatic logic burst_ok(input logic [11:0] addr, input logic [7:0] len,
                                    input logic [2:0] size, input logic [1:0] burst);
    burst_ok = size == 3'(SizeLog2) && burst == 2'b01 && addr[SizeLog2-1:0] == '0
               && {1'b0, addr} + {5'd0, len} * 13'(Bytes) < 13'h1000;
  endfunction

  // Arrays and counters are written with plain assignments: each belongs to one process, which looks at
  // responses before requests, and a simulator keeps no shadow copies.
  // ---- Reads: the lengths asked for under each ID, and how far the oldest of them is.
  logic [7:0]  lens [4096];   // 256 under each ID
  logic [7:0]  ar_put_q [16];
  logic [7:0]  ar_got_q [16];
  logic [7:0]  beat_q [16];
  logic        ar_held_q, r_held_q;
  logic [75:0] ar_q;
  logic [6:0]  r_q;

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      ar_held_q <= 1'b0;
      r_held_q  <= 1'b0;
      for (int i = 0; i < 16; i++) begin
        ar_put_q[i] = '0;
        ar_got_q[i] = '0;
        beat_q[i]   = '0;
      end
    end else begin
      if (r_held_q) begin
        assert (rvalid_i && r_q == {rid_i, rresp_i, rlast_i})
          else $fatal(1, "nic_check_axi: R changed while it waited");
        r_held_q <= 1'b0;
      end
      if (rvalid_i) begin
        assert (ar_put_q[rid_i] != ar_got_q[rid_i])
          else $fatal(1, "nic_check_axi: R without a read");
        assert (rlast_i == (beat_q[rid_i] == lens[{rid_i, ar_got_q[rid_i]}]))
          else $fatal(1, "nic_check_axi: RLAST in the wrong beat");
        assert (rresp_i != 2'b01) else $fatal(1, "nic_check_axi: EXOKAY");
        if (rready_i) begin
          beat_q[rid_i] = rlast_i ? 8'd0 : beat_q[rid_i] + 8'd1;
          if (rlast_i) ar_got_q[rid_i] = ar_got_q[rid_i] + 8'd1;
        end else begin
          r_held_q <= 1'b1;
          r_q      <= {rid_i, rresp_i, rlast_i};
        end
      end
      if (ar_held_q) begin
        assert (arvalid_i && ar_q == {arid_i, araddr_i, arlen_i})
          else $fatal(1, "nic_check_axi: AR changed while it waited");
        ar_held_q <= 1'b0;
      end
      if (arvalid_i) begin
        assert (burst_ok(araddr_i[11:0], arlen_i, arsize_i, arburst_i))
          else $fatal(1, "nic_check_axi: read burst");
        if (arready_i) begin
          assert (ar_put_q[arid_i] + 8'd1 != ar_got_q[arid_i])
            else $fatal(1, "nic_check_axi: too many reads to watch");
          lens[{arid_i, ar_put_q[arid_i]}] = arlen_i;
          ar_put_q[arid_i] = ar_put_q[arid_i] + 8'd1;
        end else begin
          ar_held_q <= 1'b1;
          ar_q      <= {arid_i, araddr_i, arlen_i};
        end
      end
    end
  end

  // ---- Writes: lengths in the order of AW, bursts of W in theirs; data may come before its address.
  logic [7:0]  aw_lens [256];
  logic [7:0]  w_lens [256];
  logic [7:0]  aw_put_q, w_put_q, paired_q, b_got_q, w_beat_q;
  logic [7:0]  owed_q [16];   // writes of an ID without their B
  logic        aw_held_q, w_held_q, b_held_q;
  logic [75:0] aw_q;
  logic [Bytes:0]     w_q;
  logic [8*Bytes-1:0] wdata_q;
  logic [5:0]  b_q;

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      aw_put_q  = '0;
      w_put_q   = '0;
      paired_q  = '0;
      b_got_q   = '0;
      w_beat_q  = '0;
      aw_held_q <= 1'b0;
      w_held_q  <= 1'b0;
      b_held_q  <= 1'b0;
      for (int i = 0; i < 16; i++) owed_q[i] = '0;
    end else begin
      if (paired_q != aw_put_q && paired_q != w_put_q) begin
        assert (aw_lens[paired_q] == w_lens[paired_q])
          else $fatal(1, "nic_check_axi: WLAST in the wrong beat");
        paired_q = paired_q + 8'd1;
      end
      if (b_held_q) begin
        assert (bvalid_i && b_q == {bid_i, bresp_i})
          else $fatal(1, "nic_check_axi: B changed while it waited");
        b_held_q <= 1'b0;
      end
      if (bvalid_i) begin
        assert (owed_q[bid_i] != '0 && b_got_q != w_put_q && b_got_q != aw_put_q)
          else $fatal(1, "nic_check_axi: B without a write");
        assert (bresp_i != 2'b01) else $fatal(1, "nic_check_axi: EXOKAY");
        if (bready_i) begin
          owed_q[bid_i] = owed_q[bid_i] - 8'd1;
          b_got_q = b_got_q + 8'd1;
        end else begin
          b_held_q <= 1'b1;
          b_q      <= {bid_i, bresp_i};
        end
      end
      if (aw_held_q) begin
        assert (awvalid_i && aw_q == {awid_i, awaddr_i, awlen_i})
          else $fatal(1, "nic_check_axi: AW changed while it waited");
        aw_held_q <= 1'b0;
      end
      if (awvalid_i) begin
        assert (burst_ok(awaddr_i[11:0], awlen_i, awsize_i, awburst_i))
          else $fatal(1, "nic_check_axi: write burst");
        if (awready_i) begin
          assert (aw_put_q + 8'd1 != b_got_q)
            else $fatal(1, "nic_check_axi: too many writes to watch");
          aw_lens[aw_put_q] = awlen_i;
          owed_q[awid_i]    = owed_q[awid_i] + 8'd1;
          aw_put_q          = aw_put_q + 8'd1;
        end else begin
          aw_held_q <= 1'b1;
          aw_q      <= {awid_i, awaddr_i, awlen_i};
        end
      end
      if (w_held_q) begin
        assert (wvalid_i && w_q == {wstrb_i, wlast_i} && wdata_q == wdata_i)
          else $fatal(1, "nic_check_axi: W changed while it waited");
        w_held_q <= 1'b0;
      end
      if (wvalid_i) begin
        if (wready_i) begin
          if (wlast_i) begin
            w_lens[w_put_q] = w_beat_q;
            w_put_q = w_put_q + 8'd1;
          end
          w_beat_q = wlast_i ? 8'd0 : w_beat_q + 8'd1;
        end else begin
          w_held_q <= 1'b1;
          w_q      <= {wstrb_i, wlast_i};
          wdata_q  <= wdata_i;
        end
      end
    end
  end

  read_waits:       cover property (@(posedge clk_i) ar_held_q);
  address_waits:    cover property (@(posedge clk_i) aw_held_q);
  data_waits:       cover property (@(posedge clk_i) w_held_q);
  read_error:       cover property (@(posedge clk_i) rvalid_i && rresp_i[1]);
  write_error:      cover property (@(posedge clk_i) bvalid_i && bresp_i[1]);
  many_reads:       cover property (@(posedge clk_i) ar_put_q[1] - ar_got_q[1] > 8'd4);
  up_to_the_border: cover property (@(posedge clk_i)
      arvalid_i && {1'b0, araddr_i[11:0]} + ({5'd0, arlen_i} + 13'd1) * 13'(Bytes) == 13'h1000);

  logic unused_bits;
  assign unused_bits = &{1'b0, rdata_i};
endmodule
