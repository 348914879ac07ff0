// SPDX-License-Identifier: BSD-2-Clause
//
// nic_csr: the card's registers: control, station address, interrupts, four rings for each queue,
// indirection table, two SA windows, statistics. Reads are registered: data and error are valid in the cycle after rd_valid_i, so the
// wide read multiplexer works only when software reads. Unknown addresses answer an error.
// Latency of a read and of a write 1 cycle; one of each a cycle.
//
//   axil --> decode -+-> global registers   --> cfg_o
//                    +-> nic_ring_regs x 4  --> *_cfg_o
//                    +-> nic_csr_queues     --> more_*_cfg_o
//                    +-> nic_rss            --> rss_queue_o
//                    +-> nic_sa_window x 2  --> *_sa_write_o, rx_match_write_o
//                    +-> nic_irq, _irq_ring --> irq_o
//                    +-> nic_stats
module nic_csr #(
  parameter bit Packet = 1'b1,  // there is packet offload
  parameter int unsigned Queues = 1,
  localparam int unsigned More  = (Queues > 1) ? Queues - 1 : 1,
  localparam int unsigned MoreW = More * nic_pkg::RING_CFG_W
) (
  input  logic                  clk_i,
  input  logic                  reg_clk_i,   // runs while software reads or writes, or a table is scrubbed
  input  logic                  rst_ni,
  input  logic                  wr_valid_i,
  input  logic [15:0]           wr_addr_i,
  input  logic [31:0]           wr_data_i,
  output logic                  wr_err_o,
  input  logic                  rd_valid_i,
  input  logic [15:0]           rd_addr_i,
  output logic [31:0]           rd_data_o,
  output logic                  rd_err_o,
  output nic_pkg::cfg_t         cfg_o,
  output logic                  reset_req_o,    // one cycle: CTRL.RESET written
  input  logic                  reset_busy_i,
  input  logic                  scrub_busy_i,
  input  logic                  scrub_done_i,   // one cycle
  input  logic                  tx_busy_i,
  input  logic                  rx_busy_i,
  output nic_pkg::ring_cfg_t    tx_cfg_o,
  output nic_pkg::ring_cfg_t    rx_cfg_o,
  output nic_pkg::ring_cfg_t    txc_cfg_o,
  output nic_pkg::ring_cfg_t    rxc_cfg_o,
  input  logic [15:0]           tx_head_i,
  input  logic [15:0]           rx_head_i,
  input  logic [15:0]           txc_tail_i,
  input  logic [15:0]           rxc_tail_i,
  input  logic [15:0]           txc_issue_i,     // completions on their way, too
  input  logic [15:0]           rxc_issue_i,
  output nic_pkg::sa_write_t    tx_sa_write_o,
  output nic_pkg::sa_write_t    rx_sa_write_o,
  // Queues behind queue 0: that of queue q at place q - 1.
  output logic                  more_on_o,       // one of their rings is on
  output logic [MoreW-1:0]      more_tx_cfg_o,
  output logic [MoreW-1:0]      more_rx_cfg_o,
  output logic [MoreW-1:0]      more_txc_cfg_o,
  output logic [MoreW-1:0]      more_rxc_cfg_o,
  input  logic [More*16-1:0]    more_tx_head_i,
  input  logic [More*16-1:0]    more_rx_head_i,
  input  logic [More*16-1:0]    more_txc_tail_i,
  input  logic [More*16-1:0]    more_rxc_tail_i,
  input  logic [More*16-1:0]    more_txc_issue_i,
  input  logic [More*16-1:0]    more_rxc_issue_i,
  // Receive-side scaling: which queue a received frame is for.
  input  logic                  rss_esp_i,
  input  logic [31:0]           rss_spi_i,
  output logic [nic_pkg::QUEUE_W-1:0] rss_queue_o,
  output nic_pkg::match_write_t rx_match_write_o,
  output logic                  tx_state_read_o,
  input  logic                  tx_state_busy_i,
  input  nic_pkg::sa_state_t    tx_state_i,
  output logic                  rx_state_read_o,
  input  logic                  rx_state_busy_i,
  input  nic_pkg::sa_state_t    rx_state_i,
  input  nic_pkg::stat_t        stat_i,
  output logic                  irq_o
);
  // Blocks of 64 bytes (addr[15:6]) and words in block 0.
  localparam logic [9:0] B_GLOBAL = 10'h000, B_IRQ = 10'h004, B_TX = 10'h008, B_RX = 10'h009;
  localparam logic [9:0] B_TXC = 10'h00a, B_RXC = 10'h00b, B_STATS = 10'h018;
  localparam logic [7:0] W_TX_SA = 8'h04, W_RX_SA = 8'h05;  // windows of 256 bytes (addr[15:8])
  localparam logic [8:0] W_RSS = 9'h018;                       // 128 bytes (addr[15:7])
  localparam logic [7:0] B_QUEUES = 8'h08;   // of 256 bytes (addr[15:8]); queue q at B_QUEUES + q
  localparam logic [3:0] G_ID = 4'd0, G_VERSION = 4'd1, G_CTRL = 4'd2, G_STATUS = 4'd3;
  localparam logic [3:0] G_MAC_LO = 4'd4, G_MAC_HI = 4'd5, G_MAX_FRAME = 4'd6, G_CAPS = 4'd7;
  localparam logic [3:0] G_NATT_PORT = 4'd8, G_QUEUES = 4'd9;
  localparam logic [3:0] I_EICR = 4'd0, I_EIMS = 4'd1, I_EIMC = 4'd2, I_EICS = 4'd3, I_ITR = 4'd4;

  // Whether an address lies in the ring blocks of a queue behind queue 0.
  function automatic logic to_queue(input logic [7:0] page);
    to_queue = page > B_QUEUES && page < B_QUEUES + 8'(Queues);
  endfunction

  // Whether a register exists at this address.
  function automatic logic known(input logic [15:0] addr);
    logic [3:0] w;
    w     = addr[5:2];
    known = 1'b0;
    case (addr[15:6])
      B_GLOBAL: known = w <= 4'd9;
      B_IRQ:    known = w <= 4'd4;
      B_TX, B_RX, B_TXC, B_RXC: known = w <= 4'd5;
      B_STATS:  known = w <= 4'd14;
      10'h010:  known = w != 4'd3 && w < 4'd13;
      10'h011:  known = (w >= 4'd6 && w < 4'd13) || w == 4'd15;
      10'h014:  known = w != 4'd3 && w < 4'd14;
      10'h015:  known = w < 4'd13 || w == 4'd15;
      10'h016:  known = w < 4'd5;
      default:  known = 1'b0;
    endcase
    if (to_queue(addr[15:8])) known = w <= 4'd5;
    if (addr[15:7] == W_RSS) known = Queues > 1;
    if (addr[1:0] != 2'd0) known = 1'b0;
  endfunction

  nic_pkg::cfg_t cfg_q;
  logic [31:0]   itr_q, rd_data_q;
  logic          wr_err_q, rd_err_q, reset_req_q, dma_err_seen_q;
  logic          tx_ring_err, rx_ring_err, txc_ring_err, rxc_ring_err;
  logic [15:0]   tx_head, tx_tail, rx_head, rx_tail, txc_head, txc_tail, rxc_head, rxc_tail;
  localparam int unsigned Causes = 5 + 3 + 2 * (Queues - 1);   // 7:5 are of nothing
  logic [Causes-1:0] cause, mask;
  logic [2*More-1:0] more_cause, more_due;
  logic [31:0]   more_data, rss_data;
  logic          more_err, more_read_q;
  logic [Causes-1:0] ring_cause, ring_due;
  logic [More-1:0]   more_rx_on;
  logic [Queues-1:0] rx_on;
  logic [31:0]   stats_data, tx_sa_data, rx_sa_data;
  logic          wr_irq, dma_error, key_error;
  logic          unused_tx_moved, unused_rx_moved;
  logic          txc_moved, rxc_moved, txc_cause, rxc_cause, txc_due, rxc_due;

  assign cfg_o       = cfg_q;
  assign reset_req_o = reset_req_q;
  assign wr_err_o    = wr_err_q;
  assign rd_data_o   = more_read_q ? more_data : rd_data_q;
  assign rd_err_o    = rd_err_q;
  assign dma_error   = stat_i.rd_error | stat_i.wr_error;
  assign key_error   = stat_i.tx_key_error | stat_i.rx_key_error;
  assign wr_irq      = wr_valid_i && wr_addr_i[15:6] == B_IRQ;

  nic_ring_regs #(.Completion(1'b0)) i_tx (
    .clk_i(reg_clk_i), .rst_ni(rst_ni),
    .wr_valid_i(wr_valid_i && wr_addr_i[15:5] == {B_TX, 1'b0}), .wr_word_i(wr_addr_i[4:2]),
    .wr_data_i(wr_data_i), .card_idx_i(tx_head_i), .limit_i(16'd0),
    .cfg_o(tx_cfg_o), .head_o(tx_head), .tail_o(tx_tail), .moved_o(unused_tx_moved),
    .err_o(tx_ring_err)
  );
  nic_ring_regs #(.Completion(1'b0)) i_rx (
    .clk_i(reg_clk_i), .rst_ni(rst_ni),
    .wr_valid_i(wr_valid_i && wr_addr_i[15:5] == {B_RX, 1'b0}), .wr_word_i(wr_addr_i[4:2]),
    .wr_data_i(wr_data_i), .card_idx_i(rx_head_i), .limit_i(16'd0),
    .cfg_o(rx_cfg_o), .head_o(rx_head), .tail_o(rx_tail), .moved_o(unused_rx_moved),
    .err_o(rx_ring_err)
  );
  nic_ring_regs #(.Completion(1'b1)) i_txc (
    .clk_i(reg_clk_i), .rst_ni(rst_ni),
    .wr_valid_i(wr_valid_i && wr_addr_i[15:5] == {B_TXC, 1'b0}), .wr_word_i(wr_addr_i[4:2]),
    .wr_data_i(wr_data_i), .card_idx_i(txc_tail_i), .limit_i(txc_issue_i),
    .cfg_o(txc_cfg_o), .head_o(txc_head), .tail_o(txc_tail), .moved_o(txc_moved),
    .err_o(txc_ring_err)
  );
  nic_ring_regs #(.Completion(1'b1)) i_rxc (
    .clk_i(reg_clk_i), .rst_ni(rst_ni),
    .wr_valid_i(wr_valid_i && wr_addr_i[15:5] == {B_RXC, 1'b0}), .wr_word_i(wr_addr_i[4:2]),
    .wr_data_i(wr_data_i), .card_idx_i(rxc_tail_i), .limit_i(rxc_issue_i),
    .cfg_o(rxc_cfg_o), .head_o(rxc_head), .tail_o(rxc_tail), .moved_o(rxc_moved),
    .err_o(rxc_ring_err)
  );

  nic_pkg::match_write_t unused_tx_match_write;
  nic_sa_window #(.Rx(1'b0), .Packet(Packet)) i_tx_sa (
    .clk_i(reg_clk_i), .rst_ni(rst_ni), .scrub_busy_i(scrub_busy_i),
    .wr_valid_i(wr_valid_i && wr_addr_i[15:8] == W_TX_SA), .wr_word_i(wr_addr_i[7:2]),
    .wr_data_i(wr_data_i), .rd_en_i(rd_valid_i), .rd_word_i(rd_addr_i[7:2]), .rd_data_o(tx_sa_data),
    .sa_write_o(tx_sa_write_o), .match_write_o(unused_tx_match_write),
    .state_read_o(tx_state_read_o), .state_busy_i(tx_state_busy_i), .state_i(tx_state_i)
  );
  nic_sa_window #(.Rx(1'b1), .Packet(Packet)) i_rx_sa (
    .clk_i(reg_clk_i), .rst_ni(rst_ni), .scrub_busy_i(scrub_busy_i),
    .wr_valid_i(wr_valid_i && wr_addr_i[15:8] == W_RX_SA), .wr_word_i(wr_addr_i[7:2]),
    .wr_data_i(wr_data_i), .rd_en_i(rd_valid_i), .rd_word_i(rd_addr_i[7:2]), .rd_data_o(rx_sa_data),
    .sa_write_o(rx_sa_write_o), .match_write_o(rx_match_write_o),
    .state_read_o(rx_state_read_o), .state_busy_i(rx_state_busy_i), .state_i(rx_state_i)
  );

  nic_irq_ring i_txc_irq (
    .clk_i(clk_i), .rst_ni(rst_ni), .tail_i(txc_tail), .head_i(txc_head), .moved_i(txc_moved),
    .interval_i(itr_q[15:0]), .count_i(itr_q[31:16]), .cause_o(txc_cause), .due_o(txc_due)
  );
  nic_irq_ring i_rxc_irq (
    .clk_i(clk_i), .rst_ni(rst_ni), .tail_i(rxc_tail), .head_i(rxc_head), .moved_i(rxc_moved),
    .interval_i(itr_q[15:0]), .count_i(itr_q[31:16]), .cause_o(rxc_cause), .due_o(rxc_due)
  );
  nic_csr_queues #(.Queues(Queues)) i_queues (
    .clk_i(clk_i), .rst_ni(rst_ni),
    .wr_valid_i(wr_valid_i && to_queue(wr_addr_i[15:8])), .wr_addr_i(wr_addr_i[9:0]),
    .wr_data_i(wr_data_i), .rd_valid_i(rd_valid_i && to_queue(rd_addr_i[15:8])),
    .rd_addr_i(rd_addr_i[9:0]), .rd_data_o(more_data),
    .interval_i(itr_q[15:0]), .count_i(itr_q[31:16]),
    .tx_cfg_o(more_tx_cfg_o), .rx_cfg_o(more_rx_cfg_o), .txc_cfg_o(more_txc_cfg_o),
    .rxc_cfg_o(more_rxc_cfg_o), .tx_head_i(more_tx_head_i), .rx_head_i(more_rx_head_i),
    .txc_tail_i(more_txc_tail_i), .rxc_tail_i(more_rxc_tail_i), .txc_issue_i(more_txc_issue_i),
    .rxc_issue_i(more_rxc_issue_i), .on_o(more_on_o), .rx_on_o(more_rx_on), .err_o(more_err),
    .cause_o(more_cause), .due_o(more_due)
  );
  nic_rss #(.Queues(Queues)) i_rss (
    .clk_i(clk_i), .rst_ni(rst_ni), .wr_valid_i(wr_valid_i && wr_addr_i[15:7] == W_RSS),
    .wr_word_i(wr_addr_i[6:2]), .wr_data_i(wr_data_i), .rd_word_i(rd_addr_i[6:2]),
    .rd_data_o(rss_data), .on_i(rx_on), .esp_i(rss_esp_i), .spi_i(rss_spi_i), .queue_o(rss_queue_o)
  );

  nic_irq #(.Causes(Causes)) i_irq (
    .clk_i(clk_i), .rst_ni(rst_ni), .write_i(wr_irq),
    .ring_cause_i(ring_cause), .ring_due_i(ring_due),
    .err_i(dma_error | key_error | tx_ring_err | rx_ring_err | txc_ring_err | rxc_ring_err
           | more_err),
    .scrub_done_i(scrub_done_i),
    .set_i(wr_addr_i[5:2] == I_EICS ? wr_data_i[Causes-1:0] : '0),
    .clear_i(wr_addr_i[5:2] == I_EICR ? wr_data_i[Causes-1:0] : '0),
    .mask_set_i(wr_addr_i[5:2] == I_EIMS ? wr_data_i[Causes-1:0] : '0),
    .mask_clear_i(wr_addr_i[5:2] == I_EIMC ? wr_data_i[Causes-1:0] : '0),
    .cause_o(cause), .mask_o(mask), .irq_o(irq_o)
  );
  // TXC and RXC of queue 0 in bits 0 and 1, of queue q in bits 6 + 2q and 7 + 2q.
  if (Queues > 1) begin : gen_causes
    assign ring_cause = {more_cause, 6'd0, rxc_cause, txc_cause};
    assign ring_due   = {more_due, 6'd0, rxc_due, txc_due};
    assign rx_on      = {more_rx_on, 1'b1};
  end else begin : gen_cause
    assign ring_cause = {6'd0, rxc_cause, txc_cause};
    assign ring_due   = {6'd0, rxc_due, txc_due};
    assign rx_on      = 1'b1;
    logic unused_more;
    assign unused_more = &{1'b0, more_cause, more_due, more_rx_on};
  end

  nic_stats i_stats (
    .clk_i(clk_i), .rst_ni(rst_ni), .pulse_i(stat_i), .rd_en_i(rd_valid_i),
    .rd_word_i(rd_addr_i[5:2]),
    .rd_data_o(stats_data)
  );

  always_ff @(posedge clk_i) begin
    if (!rst_ni)        dma_err_seen_q <= 1'b0;
    else if (dma_error) dma_err_seen_q <= 1'b1;
  end

  always_ff @(posedge reg_clk_i) begin
    if (!rst_ni) begin
      cfg_q           <= '0;
      cfg_q.max_frame <= nic_pkg::MAX_FRAME_DEFAULT;
      cfg_q.natt_port <= nic_pkg::NATT_PORT_DEFAULT;
      itr_q           <= 32'd0;
      rd_data_q       <= 32'd0;
      wr_err_q        <= 1'b0;
      rd_err_q        <= 1'b0;
      more_read_q     <= 1'b0;
      reset_req_q     <= 1'b0;
    end else begin
      reset_req_q <= 1'b0;
      if (wr_valid_i) begin
        wr_err_q <= ~known(wr_addr_i);
        if (wr_addr_i[15:6] == B_GLOBAL) begin
          case (wr_addr_i[5:2])
            G_CTRL: begin
              cfg_q.tx_en       <= wr_data_i[0];
              cfg_q.rx_en       <= wr_data_i[1];
              cfg_q.promisc     <= wr_data_i[2];
              cfg_q.ipsec_tx_en <= wr_data_i[3];
              cfg_q.ipsec_rx_en <= wr_data_i[4];
              cfg_q.rx_flag_bad <= wr_data_i[5];
              cfg_q.rx_scatter  <= wr_data_i[6];
              cfg_q.rx_csum     <= wr_data_i[7];
              reset_req_q       <= wr_data_i[31];
            end
            G_MAC_LO:    cfg_q.mac[31:0]  <= wr_data_i;
            G_MAC_HI:    cfg_q.mac[47:32] <= wr_data_i[15:0];
            G_MAX_FRAME: begin
              cfg_q.max_frame <= (wr_data_i > 32'(nic_pkg::MAX_FRAME_LIMIT))
                                 ? nic_pkg::MAX_FRAME_LIMIT : wr_data_i[15:0];
            end
            G_NATT_PORT: cfg_q.natt_port <= wr_data_i[15:0];
            default: ;
          endcase
        end
        if (wr_irq && wr_addr_i[5:2] == I_ITR) itr_q <= wr_data_i;
      end
      if (rd_valid_i) begin
        rd_err_q    <= ~known(rd_addr_i);
        more_read_q <= to_queue(rd_addr_i[15:8]);
        rd_data_q <= 32'd0;
        case (rd_addr_i[15:6])
          B_GLOBAL: begin
            case (rd_addr_i[5:2])
              G_ID:        rd_data_q <= nic_pkg::ID_VALUE;
              G_VERSION:   rd_data_q <= nic_pkg::VERSION_VALUE;
              G_CTRL:      rd_data_q <= {reset_busy_i | reset_req_q, 23'd0, cfg_q.rx_csum, cfg_q.rx_scatter,
                                         cfg_q.rx_flag_bad,
                                         cfg_q.ipsec_rx_en, cfg_q.ipsec_tx_en, cfg_q.promisc, cfg_q.rx_en,
                                         cfg_q.tx_en};
              G_STATUS:    rd_data_q <= {dma_err_seen_q, 28'd0, scrub_busy_i, rx_busy_i, tx_busy_i};
              G_MAC_LO:    rd_data_q <= cfg_q.mac[31:0];
              G_MAC_HI:    rd_data_q <= {16'd0, cfg_q.mac[47:32]};
              G_MAX_FRAME: rd_data_q <= {16'd0, cfg_q.max_frame};
              G_CAPS:      rd_data_q <= nic_pkg::CAPS_VALUE & ~(Packet ? 32'd0 : nic_pkg::CAPS_PACKET);
              G_NATT_PORT: rd_data_q <= {16'd0, cfg_q.natt_port};
              G_QUEUES:    rd_data_q <= 32'(Queues);
              default:     ;
            endcase
          end
          B_IRQ: begin
            case (rd_addr_i[5:2])
              I_EICR:  rd_data_q <= 32'(cause);
              I_EIMS:  rd_data_q <= 32'(mask);
              I_ITR:   rd_data_q <= itr_q;
              default: ;
            endcase
          end
          B_TX:    rd_data_q <= nic_pkg::ring_word(tx_cfg_o.enable, tx_cfg_o.log2, tx_cfg_o.base,
                                              tx_head, tx_tail, rd_addr_i[4:2]);
          B_RX:    rd_data_q <= nic_pkg::ring_word(rx_cfg_o.enable, rx_cfg_o.log2, rx_cfg_o.base,
                                              rx_head, rx_tail, rd_addr_i[4:2]);
          B_TXC:   rd_data_q <= nic_pkg::ring_word(txc_cfg_o.enable, txc_cfg_o.log2, txc_cfg_o.base,
                                              txc_head, txc_tail, rd_addr_i[4:2]);
          B_RXC:   rd_data_q <= nic_pkg::ring_word(rxc_cfg_o.enable, rxc_cfg_o.log2, rxc_cfg_o.base,
                                              rxc_head, rxc_tail, rd_addr_i[4:2]);
          B_STATS: rd_data_q <= stats_data;
          {W_RSS, 1'b0}, {W_RSS, 1'b1}: rd_data_q <= rss_data;
          10'h010, 10'h011: rd_data_q <= tx_sa_data;
          10'h014, 10'h015, 10'h016: rd_data_q <= rx_sa_data;
          default: ;
        endcase
      end
    end
  end

  logic unused_bits;
  assign unused_bits = &{1'b0, unused_tx_match_write, unused_tx_moved, unused_rx_moved};
endmodule
