// SPDX-License-Identifier: BSD-2-Clause
//
// nic_rss: which receive queue a frame goes to. The indirection table has 128 entries of a queue each,
// four in a register, the first in bits 7:0. The entry is that of the exclusive or of the SPI's
// groups of seven bits, so SPIs that follow one another spread, and frames of one SA stay in
// order. What is not ESP, or is a fragment, goes to queue 0, and so does what a queue should get
// whose rings are off. All entries are 0 after reset. Combinational.
//
//   spi --> ^ --> table --> is it on? --> queue
module nic_rss #(
  parameter int unsigned Queues = 1,
  localparam int unsigned QW    = nic_pkg::QUEUE_W
) (
  input  logic              clk_i,
  input  logic              rst_ni,
  input  logic              wr_valid_i,
  input  logic [4:0]        wr_word_i,
  input  logic [31:0]       wr_data_i,
  input  logic [4:0]        rd_word_i,
  output logic [31:0]       rd_data_o,
  input  logic [Queues-1:0] on_i,         // both receive rings of the queue are
  input  logic              esp_i,
  input  logic [31:0]       spi_i,
  output logic [QW-1:0]     queue_o
);
  if (Queues > 1) begin : gen_table
    logic [4*QW-1:0] table_q [32];
    logic [6:0]      hash;
    logic [4*QW-1:0] row, rd_row;
    logic [QW-1:0]   entry;
    assign hash    = spi_i[6:0] ^ spi_i[13:7] ^ spi_i[20:14] ^ spi_i[27:21] ^ {3'd0, spi_i[31:28]};
    assign row     = table_q[hash[6:2]];
    assign entry   = row[hash[1:0]*QW +: QW];
    assign queue_o = (esp_i && on_i[entry]) ? entry : '0;
    assign rd_row  = table_q[rd_word_i];
    for (genvar i = 0; i < 4; i++) begin : gen_read
      assign rd_data_o[8*i +: 8] = 8'(rd_row[QW*i +: QW]);
    end
    logic [4*QW-1:0] wr_row;
    for (genvar i = 0; i < 4; i++) begin : gen_write
      assign wr_row[QW*i +: QW] = wr_data_i[8*i +: QW] & QW'(Queues - 1);
    end
    always_ff @(posedge clk_i) begin
      if (!rst_ni) begin
        for (int unsigned i = 0; i < 32; i++) table_q[i] <= '0;
      end else if (wr_valid_i) table_q[wr_word_i] <= wr_row;
    end
    logic unused_bits;
    assign unused_bits = &{1'b0, wr_data_i};
  end else begin : gen_one
    assign queue_o   = '0;
    assign rd_data_o = 32'd0;
    logic unused_all;
    assign unused_all = &{1'b0, clk_i, rst_ni, wr_valid_i, wr_word_i, wr_data_i, rd_word_i, on_i, esp_i,
                          spi_i};
  end
endmodule
