// SPDX-License-Identifier: BSD-2-Clause
//
// nic_aes_round: one stage of the AES pipe: one round and one step of the key schedule.
// Latency 1 cycle, one block a cycle. FIPS-197 sections 5.1 (cipher) and 5.2 (key expansion).
//
// Byte order: byte k of a block, a key or a round key is bits [8k+7:8k]. So 32-bit word c is column
// c of the state with row 0 in its low byte, and "rotate left one byte" of FIPS-197 is a rotation
// right by 8 of such a word.
//
// AES-256 uses all 14 stages. AES-128 passes stages 1..4 untouched and does rounds 1..10 in stages
// 5..14, so both have one latency and blocks of both may follow each other in any order.
//
// Round keys: a key token travels one cycle ahead of the first block of a message. The stage
// takes its pair of round keys (for itself, for the next stage) when the token passes and every
// later block of that message uses it: the schedule runs once a message, not once a block.
// AES-256: next = expand(own of stage before, next of stage before); AES-128 needs the last alone.
module nic_aes_round #(
  parameter int unsigned Stage = 1   // 1..14; 14 is the last round (no MixColumns)
) (
  input  logic         clk_i,
  // Key token, one cycle before its first block.
  input  logic         key_valid_i,
  input  logic         key256_i,
  input  logic [127:0] key_own_i,
  input  logic [127:0] key_next_i,
  output logic         key256_o,
  output logic [127:0] key_own_o,
  output logic [127:0] key_next_o,
  // Block.
  input  logic         valid_i,
  input  logic [127:0] state_i,
  output logic [127:0] state_o
);
  // FIPS-197 figure 7, read as printed: S(0x00) first.
  localparam logic [2047:0] SBox = {
    256'h637c777bf26b6fc53001672bfed7ab76ca82c97dfa5947f0add4a2af9ca472c0,
    256'hb7fd9326363ff7cc34a5e5f171d8311504c723c31896059a071280e2eb27b275,
    256'h09832c1a1b6e5aa0523bd6b329e32f8453d100ed20fcb15b6acbbe394a4c58cf,
    256'hd0efaafb434d338545f9027f503c9fa851a3408f929d38f5bcb6da2110fff3d2,
    256'hcd0c13ec5f974417c4a77e3d645d197360814fdc222a908846eeb814de5e0bdb,
    256'he0323a0a4906245cc2d3ac629195e479e7c8376d8dd54ea96c56f4ea657aae08,
    256'hba78252e1ca6b4c6e8dd741f4bbd8b8a703eb5664803f60e613557b986c11d9e,
    256'he1f8981169d98e949b1e87e9ce5528df8ca1890dbfe6426841992d0fb054bb16
  };

  // MixColumns column of one substituted byte in row 0: rows {3s, s, s, 2s}, row 0 low.
  function automatic logic [31:0] mix_column(input logic [7:0] s);
    logic [7:0] s2;
    s2 = {s[6:0], 1'b0} ^ (s[7] ? 8'h1b : 8'h00);
    mix_column = {s2 ^ s, s, s, s2};
  endfunction

  // SubBytes and MixColumns in one table; rows 1..3 are its rotations.
  logic [31:0] rom [256];
  initial for (int i = 0; i < 256; i++) rom[i] = mix_column(SBox[8*(255-i) +: 8]);

  // Round constants x^0, x^1, ...: AES-256 uses one at every odd stage but the last, AES-128 at
  // every stage from 4 on.
  localparam logic [79:0] RCon = 80'h361b8040201008040201;
  localparam logic [7:0] RCon256 = (Stage % 2 == 1) ? RCon[8*(Stage/2) +: 8] : 8'h00;
  localparam logic [7:0] RCon128 = (Stage >= 4 && Stage <= 13) ? RCon[8*((Stage+6)%10) +: 8] : 8'h00;

  // Key schedule: runs when the token passes.
  always_ff @(posedge clk_i) begin
    if (key_valid_i) begin
      logic [31:0]  g;     // the substituted last word
      logic [127:0] base, next;
      g    = {rom[key_next_i[127:120]][15:8], rom[key_next_i[119:112]][15:8],
              rom[key_next_i[111:104]][15:8], rom[key_next_i[103:96]][15:8]};
      base = key256_i ? key_own_i : key_next_i;
      if (!key256_i) g = {g[7:0], g[31:8]} ^ {24'h0, RCon128};
      else if (Stage % 2 == 1) g = {g[7:0], g[31:8]} ^ {24'h0, RCon256};
      next[31:0]   = base[31:0] ^ g;
      next[63:32]  = base[63:32] ^ next[31:0];
      next[95:64]  = base[95:64] ^ next[63:32];
      next[127:96] = base[127:96] ^ next[95:64];
      key256_o   <= key256_i;
      key_own_o  <= key_next_i;
      key_next_o <= (!key256_i && Stage < 4) ? key_next_i : next;
    end
  end

  if (Stage < 14) begin : gen_mix
    always_ff @(posedge clk_i) begin
      if (valid_i) begin
        if (Stage <= 4 && !key256_o) begin
          state_o <= state_i;
        end else begin
          for (int c = 0; c < 4; c++) begin
            logic [31:0] t0, t1, t2, t3;
            t0 = rom[state_i[32*c +: 8]];
            t1 = rom[state_i[32*((c+1)%4) + 8 +: 8]];
            t2 = rom[state_i[32*((c+2)%4) + 16 +: 8]];
            t3 = rom[state_i[32*((c+3)%4) + 24 +: 8]];
            state_o[32*c +: 32] <= t0 ^ {t1[23:0], t1[31:24]} ^ {t2[15:0], t2[31:16]}
                                 ^ {t3[7:0], t3[31:8]} ^ key_own_o[32*c +: 32];
          end
        end
      end
    end
  end else begin : gen_last
    always_ff @(posedge clk_i) begin
      if (valid_i) begin
        for (int c = 0; c < 4; c++) begin
          state_o[32*c +: 32] <= {rom[state_i[32*((c+3)%4) + 24 +: 8]][15:8],
                                  rom[state_i[32*((c+2)%4) + 16 +: 8]][15:8],
                                  rom[state_i[32*((c+1)%4) + 8 +: 8]][15:8],
                                  rom[state_i[32*c +: 8]][15:8]} ^ key_own_o[32*c +: 32];
        end
      end
    end
  end
endmodule
