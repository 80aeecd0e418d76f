/**
 * Decodes the coefficients of sequential and progressive JPEG (ITU-T T.81 Annex F and G) into blocks of 64, whatever
 * the order of the scans.
 */
import { JpegBits, type HuffmanTable } from './jpeg-bits.ts';
import { NATURAL_ORDER, type JpegComponent, type JpegFrame, type JpegScan } from './jpeg-markers.ts';

/**
 * The blocks of one component: `across` × `down` blocks, which fill whole MCUs, each with 64 coefficients in rows and
 * columns.
 */
export interface ComponentBlocks extends JpegComponent {
  readonly across: number;
  readonly down: number;
  /**
   * The number of blocks that contain samples of the image. A scan of this component alone has only these (§A.2.2).
   */
  readonly usedAcross: number;
  readonly usedDown: number;
  readonly coefficients: Int16Array;
}

export function createBlocks({ rows, columns, components }: JpegFrame): ComponentBlocks[] {
  const mostH = Math.max(...components.map(({ h }) => h));
  const mostV = Math.max(...components.map(({ v }) => v));
  return components.map((component) => {
    const { h, v } = component;
    const across = Math.ceil(columns / (8 * mostH)) * h;
    const down = Math.ceil(rows / (8 * mostV)) * v;
    return {
      ...component,
      across,
      down,
      usedAcross: Math.ceil(Math.ceil((columns * h) / mostH) / 8),
      usedDown: Math.ceil(Math.ceil((rows * v) / mostV) / 8),
      coefficients: new Int16Array(across * down * 64),
    };
  });
}

/** Decodes a scan into its components' blocks. Returns where its data ends; null if the data is damaged. */
export function decodeBlockScan(
  bytes: Uint8Array,
  { process }: JpegFrame,
  scan: JpegScan,
  blocks: readonly ComponentBlocks[],
): number | null {
  if (!isSound(process, scan)) return null;
  return new BlockScan(new JpegBits(bytes, scan.start), scan, process === 'progressive').decode(blocks);
}

function isSound(
  process: JpegFrame['process'],
  { components, spectralStart, spectralEnd, high, low }: JpegScan,
): boolean {
  // Some writers leave Ss and Se of a sequential scan at 0.
  if (process === 'sequential') return components.every(({ dc, ac }) => dc && ac);
  if (spectralStart > spectralEnd || spectralEnd > 63 || low > 13 || (high !== 0 && high !== low + 1))
    return false;
  // §G.1.1.1.1: a scan contains either only DC coefficients, or AC coefficients of a single component.
  if (spectralStart === 0) return spectralEnd === 0 && (high !== 0 || components.every(({ dc }) => dc));
  return components.length === 1 && components[0]!.ac !== null;
}

type BlockDecoder = (component: number, coefficients: Int16Array, at: number) => void;

class BlockScan {
  private readonly bits: JpegBits;
  private readonly scan: JpegScan;
  private readonly dcs: (HuffmanTable | null)[];
  private readonly acs: (HuffmanTable | null)[];
  private readonly predictions: Int32Array;
  private readonly block: BlockDecoder;
  /** §G.1.2.2: the number of blocks still to come in the current end-of-band run. */
  private bandsToEnd = 0;

  constructor(bits: JpegBits, scan: JpegScan, isProgressive: boolean) {
    this.bits = bits;
    this.scan = scan;
    this.dcs = scan.components.map(({ dc }) => dc);
    this.acs = scan.components.map(({ ac }) => ac);
    this.predictions = new Int32Array(scan.components.length);
    this.block = !isProgressive
      ? this.whole
      : scan.spectralStart === 0
        ? scan.high === 0
          ? this.firstDC
          : this.laterDC
        : scan.high === 0
          ? this.firstAC
          : this.laterAC;
  }

  decode(blocks: readonly ComponentBlocks[]): number | null {
    const { components, restartInterval } = this.scan;
    const of = components.map(({ index }) => blocks[index]!);
    const [only] = of;
    const isAlone = of.length === 1;
    const across = isAlone ? only!.usedAcross : only!.across / only!.h;
    const units = across * (isAlone ? only!.usedDown : only!.down / only!.v);
    for (let unit = 0; unit < units; unit += 1) {
      if (
        restartInterval > 0 &&
        unit > 0 &&
        unit % restartInterval === 0 &&
        !this.restart(unit / restartInterval - 1)
      )
        return null;
      const row = Math.floor(unit / across);
      const column = unit % across;
      if (isAlone) this.block(0, only!.coefficients, (row * only!.across + column) * 64);
      else this.unit(of, row, column);
      if (this.bits.isDamaged) return null;
    }
    return this.bits.end();
  }

  /** §A.2.3: an MCU holds h × v blocks of each component. */
  private unit(of: readonly ComponentBlocks[], row: number, column: number): void {
    for (let component = 0; component < of.length; component += 1) {
      const { h, v, across, coefficients } = of[component]!;
      for (let y = row * v; y < (row + 1) * v; y += 1) {
        for (let x = column * h; x < (column + 1) * h; x += 1)
          this.block(component, coefficients, (y * across + x) * 64);
      }
    }
  }

  private restart(which: number): boolean {
    this.predictions.fill(0);
    this.bandsToEnd = 0;
    return this.bits.restart(which);
  }

  private nextDC(component: number): number {
    const { bits } = this;
    const difference = bits.signed(Math.min(16, bits.symbol(this.dcs[component]!)));
    this.predictions[component]! += difference;
    return this.predictions[component]!;
  }

  /** §F.2.2 */
  private whole(component: number, coefficients: Int16Array, at: number): void {
    const { bits } = this;
    const ac = this.acs[component]!;
    coefficients[at] = this.nextDC(component);
    for (let k = 1; k < 64; k += 1) {
      const symbol = bits.symbol(ac);
      const size = symbol & 15;
      k += symbol >> 4;
      if (size === 0) {
        if (symbol !== 0xf0) return;
      } else if (k < 64) coefficients[at + NATURAL_ORDER[k]!] = bits.signed(size);
    }
  }

  /** §G.1.2.1 */
  private firstDC(component: number, coefficients: Int16Array, at: number): void {
    coefficients[at] = this.nextDC(component) << this.scan.low;
  }

  private laterDC(_component: number, coefficients: Int16Array, at: number): void {
    coefficients[at]! |= this.bits.read(1) << this.scan.low;
  }

  /** §G.1.2.2 */
  private firstAC(component: number, coefficients: Int16Array, at: number): void {
    const { bits, scan } = this;
    if (this.bandsToEnd > 0) {
      this.bandsToEnd -= 1;
      return;
    }
    for (let k = scan.spectralStart; k <= scan.spectralEnd; k += 1) {
      const symbol = bits.symbol(this.acs[component]!);
      const run = symbol >> 4;
      const size = symbol & 15;
      if (size === 0 && run < 15) {
        this.bandsToEnd = (1 << run) - 1 + bits.read(run);
        return;
      }
      k += run;
      if (size > 0 && k <= scan.spectralEnd)
        coefficients[at + NATURAL_ORDER[k]!] = bits.signed(size) << scan.low;
    }
  }

  /** §G.1.2.3: refines each non-zero coefficient by one bit, and reads the coefficients that become ±1. */
  private laterAC(component: number, coefficients: Int16Array, at: number): void {
    const { bits, scan } = this;
    const step = 1 << scan.low;
    let k = scan.spectralStart;
    while (this.bandsToEnd === 0 && k <= scan.spectralEnd && !bits.isDamaged) {
      const symbol = bits.symbol(this.acs[component]!);
      let run = symbol >> 4;
      let value = 0;
      if ((symbol & 15) !== 0) value = bits.read(1) === 1 ? step : -step;
      else if (run < 15) {
        this.bandsToEnd = (1 << run) + bits.read(run);
        break;
      }
      for (; k <= scan.spectralEnd; k += 1) {
        const place = at + NATURAL_ORDER[k]!;
        if (coefficients[place] !== 0) this.refine(coefficients, place, step);
        else if (run === 0) {
          if (value !== 0) coefficients[place] = value;
          k += 1;
          break;
        } else run -= 1;
      }
    }
    if (this.bandsToEnd === 0) return;
    for (; k <= scan.spectralEnd; k += 1) {
      const place = at + NATURAL_ORDER[k]!;
      if (coefficients[place] !== 0) this.refine(coefficients, place, step);
    }
    this.bandsToEnd -= 1;
  }

  private refine(coefficients: Int16Array, place: number, step: number): void {
    const value = coefficients[place]!;
    if (this.bits.read(1) === 1 && (value & step) === 0)
      coefficients[place] = value + (value > 0 ? step : -step);
  }
}
