// SPDX-License-Identifier: BSD-2-Clause
//
// Drives two ports of the card by what the simulated world never does, under the protocol checkers: a
// register master that gives data before its address or behind it, writes parts of words, and leaves
// answers waiting; and a MAC that withdraws ready in the middle of frames. The registers behind the port
// are a memory, of which the upper half of the addresses answers an error.
module ports_tb;
  logic clk = 1'b0, rst_n = 1'b0;
  always #1 clk = ~clk;
  task automatic tick; begin @(negedge clk); end endtask
  function automatic logic hit(input int one_in);
    hit = ($urandom % one_in) == 0;
  endfunction
  int wrong = 0;
  task automatic fail(input string what);
    begin
      wrong++;
      if (wrong < 20) $display("%0t: %s", $time, what);
    end
  endtask

  // ---- Registers.
  logic [15:0] awaddr = 0, araddr = 0, wr_addr, rd_addr;
  logic [31:0] wdata = 0, rdata, wr_data;
  logic [31:0] rd_data = 0;
  logic [3:0]  wstrb = 0;
  logic [1:0]  bresp, rresp;
  logic        awvalid = 0, awready, wvalid = 0, wready, bvalid, bready = 0, hold = 0;
  logic        arvalid = 0, arready, rvalid, rready = 0, wr_valid, rd_valid, wr_err = 0, rd_err = 0;
  nic_axil i_axil (
    .clk_i(clk), .rst_ni(rst_n), .hold_i(hold), .s_axil_awaddr_i(awaddr), .s_axil_awvalid_i(awvalid),
    .s_axil_awready_o(awready), .s_axil_wdata_i(wdata), .s_axil_wstrb_i(wstrb),
    .s_axil_wvalid_i(wvalid), .s_axil_wready_o(wready), .s_axil_bresp_o(bresp),
    .s_axil_bvalid_o(bvalid), .s_axil_bready_i(bready), .s_axil_araddr_i(araddr),
    .s_axil_arvalid_i(arvalid), .s_axil_arready_o(arready), .s_axil_rdata_o(rdata),
    .s_axil_rresp_o(rresp), .s_axil_rvalid_o(rvalid), .s_axil_rready_i(rready),
    .wr_valid_o(wr_valid), .wr_addr_o(wr_addr), .wr_data_o(wr_data), .wr_err_i(wr_err),
    .rd_valid_o(rd_valid), .rd_addr_o(rd_addr), .rd_data_i(rd_data), .rd_err_i(rd_err)
  );
  nic_check_axil i_check_axil (
    .clk_i(clk), .rst_ni(rst_n), .awaddr_i(awaddr), .awvalid_i(awvalid), .awready_i(awready),
    .wdata_i(wdata), .wstrb_i(wstrb), .wvalid_i(wvalid), .wready_i(wready), .bresp_i(bresp),
    .bvalid_i(bvalid), .bready_i(bready), .araddr_i(araddr), .arvalid_i(arvalid),
    .arready_i(arready), .rdata_i(rdata), .rresp_i(rresp), .rvalid_i(rvalid), .rready_i(rready)
  );
  logic [31:0] mem [65536];
  always_ff @(posedge clk) begin
    wr_err  <= wr_valid & wr_addr[15];
    rd_err  <= rd_valid & rd_addr[15];
    rd_data <= mem[rd_addr];
    if (wr_valid && !wr_addr[15]) mem[wr_addr] <= wr_data;
  end

  logic [31:0] expected [65536];
  int writes = 0, reads = 0;
  task automatic one_write(input logic [15:0] at, input logic [31:0] value, input logic [3:0] strb);
    begin
      int aw_in, w_in;
      logic aw_on, w_on, answered;
      aw_in = $urandom % 8; w_in = $urandom % 8; aw_on = 0; w_on = 0; answered = 0;
      while (!answered) begin
        logic aw_taken, w_taken;
        if (aw_in == 0) begin awvalid = 1; awaddr = at; end
        if (w_in == 0) begin wvalid = 1; wdata = value; wstrb = strb; end
        bready = hit(4);
        hold = hit(5);
        aw_in--; w_in--;
        aw_taken = awvalid & awready; w_taken = wvalid & wready;
        if (bvalid && bready) begin
          answered = 1;
          if (bresp != ((at[15] || strb != 4'hf) ? 2'b10 : 2'b00)) fail("answer to a write");
        end
        tick();
        if (aw_taken) awvalid = 0;
        if (w_taken) wvalid = 0;
      end
      bready = 0;
      if (!at[15] && strb == 4'hf) expected[at] = value;
      writes++;
    end
  endtask
  task automatic one_read(input logic [15:0] at);
    begin
      logic answered;
      answered = 0;
      arvalid = 1; araddr = at;
      while (!answered) begin
        logic taken;
        rready = hit(4);
        hold = hit(5);
        taken = arvalid & arready;
        if (rvalid && rready) begin
          answered = 1;
          if (rresp != (at[15] ? 2'b10 : 2'b00)) fail("answer to a read");
          if (rdata != (at[15] ? 32'd0 : expected[at])) fail("what was read");
        end
        tick();
        if (taken) arvalid = 0;
      end
      rready = 0;
      reads++;
    end
  endtask

  // ---- Frames to the wire. Byte i of frame n is n + i; it begins `lead` bytes into its first beat.
  nic_pkg::tx_done_t frame = '0;
  nic_pkg::cpl_t     cpl;
  logic         frame_valid = 0, frame_ready, data_valid, data_ready, cpl_valid, cpl_ready = 0;
  logic         sent, sent_ipsec, dropped, idle, tvalid, tready = 0, tlast, quiesce = 0;
  logic [127:0] data, tdata;
  logic [15:0]  tkeep;
  nic_mac_tx i_mac (
    .clk_i(clk), .rst_ni(rst_n), .quiesce_i(quiesce), .idle_o(idle), .frame_valid_i(frame_valid),
    .frame_ready_o(frame_ready), .frame_i(frame), .data_valid_i(data_valid),
    .data_ready_o(data_ready), .data_i(data), .cpl_valid_o(cpl_valid), .cpl_ready_i(cpl_ready),
    .cpl_o(cpl), .sent_o(sent), .sent_ipsec_o(sent_ipsec), .dropped_o(dropped),
    .m_axis_tx_tdata_o(tdata), .m_axis_tx_tkeep_o(tkeep), .m_axis_tx_tvalid_o(tvalid),
    .m_axis_tx_tready_i(tready), .m_axis_tx_tlast_o(tlast)
  );
  nic_check_axis i_check_axis (
    .clk_i(clk), .rst_ni(rst_n), .tdata_i(tdata), .tkeep_i(tkeep), .tvalid_i(tvalid),
    .tready_i(tready), .tlast_i(tlast)
  );

  nic_pkg::tx_done_t frames [256];
  int asked = 0, fed = 0, fed_beat = 0, got = 0, got_byte = 0, completed = 0, refused = 0;
  function automatic int next_good(input int from);
    next_good = from;
    while (next_good < asked && frames[next_good[7:0]].code != 0) next_good++;
  endfunction
  assign data_valid = fed < asked;
  for (genvar i = 0; i < 16; i++) begin : gen_byte
    assign data[8*i +: 8] = 8'(fed + 16 * fed_beat + i - int'(frames[fed[7:0]].lead));
  end
  // What is taken with the edge is looked at half a cycle later.
  nic_pkg::tx_done_t frame_was;
  nic_pkg::cpl_t     cpl_was;
  logic         frame_taken = 0, data_taken = 0, beat_taken = 0, cpl_taken = 0, last_was;
  logic [127:0] tdata_was;
  logic [15:0]  tkeep_was;
  always_ff @(posedge clk) begin
    frame_taken <= rst_n & frame_valid & frame_ready;
    data_taken  <= rst_n & data_valid & data_ready;
    beat_taken  <= rst_n & tvalid & tready;
    cpl_taken   <= rst_n & cpl_valid & cpl_ready;
    {frame_was, cpl_was, last_was, tdata_was, tkeep_was} <= {frame, cpl, tlast, tdata, tkeep};
  end
  always @(negedge clk) begin
    int filled;
    if (frame_taken) begin
      frames[asked[7:0]] = frame_was;
      asked = asked + 1;
      if (fed == asked - 1 && fed_beat == 0) fed = next_good(fed);
    end
    if (data_taken) begin
      fed_beat = fed_beat + 1;
      if (16 * fed_beat >= int'(frames[fed[7:0]].lead) + int'(frames[fed[7:0]].len)) begin
        fed = next_good(fed + 1);
        fed_beat = 0;
      end
    end
    if (beat_taken) begin
      got = next_good(got);
      filled = 0;
      for (int i = 0; i < 16; i++) if (tkeep_was[i]) begin
        if (tdata_was[8*i +: 8] != 8'(got + got_byte + i)) fail("a byte on the wire");
        filled++;
      end
      got_byte = got_byte + filled;
      if (last_was != (got_byte == int'(frames[got[7:0]].len))) fail("the end of a frame");
      if (last_was) begin got = got + 1; got_byte = 0; end
    end
    if (cpl_taken) begin
      nic_pkg::tx_done_t f;
      f = frames[completed[7:0]];
      if (cpl_was.cookie != f.cookie || cpl_was.len != f.len || cpl_was.sa_idx != f.sa_idx
          || cpl_was.qid != f.qid || cpl_was.status != {11'd0, f.secp, f.code}) fail("a completion");
      if (f.code == 0 && got <= completed) fail("a completion before its frame has gone");
      if (f.code != 0) refused++;
      completed = completed + 1;
    end
  end

  int seed, frames_left;
  logic registers_done = 0;
  initial begin
    if (!$value$plusargs("seed=%d", seed)) seed = 1;
    void'($urandom(seed));
    foreach (mem[i]) begin mem[i] = 0; expected[i] = 0; end
    repeat (3) tick();
    rst_n = 1;
    for (int i = 0; i < 3000; i++) begin
      logic [15:0] at;
      at = 16'($urandom) & (hit(2) ? 16'hffff : 16'h803c);   // few addresses, often, and all
      if (hit(2)) one_write(at, $urandom, hit(4) ? 4'($urandom) : 4'hf);
      else one_read(at);
    end
    registers_done = 1;
  end
  initial begin
    frames_left = 400;
    repeat (4) tick();
    while (frames_left > 0 || completed < asked) begin
      if (!frame_valid && frames_left > 0 && asked - completed < 200 && hit(3)) begin
        nic_pkg::tx_done_t f;
        f.code   = hit(5) ? 4'($urandom) : 4'd0;
        f.qid    = 2'($urandom);
        f.secp   = hit(2);
        f.lead   = f.code == 0 ? 6'($urandom & 15) : 6'd0;
        f.len    = f.code != 0 ? 16'd0 : 16'(1 + $urandom % (hit(9) ? 9216 : 80));
        f.sa_idx = 16'($urandom);
        f.cookie = $urandom;
        frame       = f;
        frame_valid = 1;
        frames_left--;
      end
      tready    = hit(2);
      cpl_ready = hit(3);
      quiesce   = hit(7);
      tick();
      if (frame_taken) frame_valid = 0;
    end
    while (!registers_done) tick();
    if (got_byte != 0) fail("half a frame");
    $display("end of the bench: %0d writes, %0d reads, %0d frames, %0d refused, %0d wrong", writes, reads,
             completed, refused, wrong);
    $finish;
  end
endmodule
