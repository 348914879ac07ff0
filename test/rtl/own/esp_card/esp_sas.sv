// SPDX-License-Identifier: BSD-2-Clause
//
// The SAs of one direction: 64 of them. Written whole by `put`; keys are read by no register. One is
// found by its number, or by SPI and destination, which takes a cycle for each that is looked at.
module esp_sas (
  input  logic         clk,
  input  logic         clear,           // all at once
  input  logic         put,
  input  logic [5:0]   put_idx,
  input  logic [4:0]   put_flags,       // valid, key256, ESN, GMAC, IPv6
  input  logic [255:0] put_key,
  input  logic [31:0]  put_salt,
  input  logic [31:0]  put_spi,
  input  logic [127:0] put_dst,         // IPv4: in the lower 32
  input  logic         find,            // one cycle; found or missed follows
  input  logic [31:0]  spi,
  input  logic [127:0] dst,
  input  logic         v6,
  output logic         found,
  output logic         missed,
  input  logic         by_search,       // idx_o is what was found, else idx
  input  logic [5:0]   idx,
  output logic [5:0]   idx_o,
  output logic [4:0]   flags,
  output logic [255:0] key,
  output logic [31:0]  salt
);
  logic [63:0]  valid;
  logic [3:0]   kinds [64];
  logic [255:0] keys [64];
  logic [31:0]  salts [64], spis [64];
  logic [127:0] dsts [64];
  logic         searching;
  logic [5:0]   at;

  assign idx_o = by_search ? at : idx;
  assign flags = {kinds[idx_o], valid[idx_o]};
  assign key   = keys[idx_o];
  assign salt  = salts[idx_o];

  always_ff @(posedge clk) begin
    {found, missed} <= '0;
    if (find) begin
      searching <= 1'b1;
      at        <= '0;
    end else if (searching) begin
      if (valid[at] && spis[at] == spi && dsts[at] == dst && kinds[at][3] == v6) begin
        searching <= 1'b0;
        found     <= 1'b1;
      end else if (at == '1) begin
        searching <= 1'b0;
        missed    <= 1'b1;
      end else begin
        at <= at + 6'd1;
      end
    end
    if (put) begin
      valid[put_idx] <= put_flags[0];
      kinds[put_idx] <= put_flags[4:1];
      keys[put_idx]  <= put_key;
      salts[put_idx] <= put_salt;
      spis[put_idx]  <= put_spi;
      dsts[put_idx]  <= put_dst;
    end
    if (clear) begin
      valid     <= '0;
      searching <= 1'b0;
    end
  end
endmodule
