/** The QR code on the first page of a PDF, read from the page as another reader of PDF draws it. */
import { execFileSync } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { decodeQR } from 'qr/decode.js';

/** The text of the code. Throws where the page cannot be drawn, or holds no code. */
export async function readSheetCode(pdf: Uint8Array): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'relay-sheet-'));
  try {
    await writeFile(join(folder, 'sheet.pdf'), pdf);
    const to = join(folder, 'page');
    execFileSync('pdftoppm', ['-r', '200', '-singlefile', join(folder, 'sheet.pdf'), to], { stdio: 'pipe' });
    const drawn = await readFile(`${to}.ppm`);
    const [, width, height] = /^P6\n(\d+) (\d+)\n255\n/.exec(drawn.toString('latin1', 0, 32)) ?? [];
    const size = { width: Number(width), height: Number(height) };
    return decodeQR({ ...size, data: drawn.subarray(drawn.length - size.width * size.height * 3) });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
