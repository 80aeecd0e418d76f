/**
 * The worker of the product's web app, as it was built and as the gateway serves it, asked from a page: what
 * it says of images. For tests that compare it with what is expected.
 */
import type { Page } from 'playwright-core';
import { readdir } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import type { Examination } from '../../client/src/pipeline/triage/examination.ts';

export type Answer = Pick<Examination, 'triage' | 'readings'>;

const ASSETS = fileURLToPath(new URL('../../client/dist/assets', import.meta.url));

/**
 * Examines the instances one after the other in one worker; `page` shows the app. Throws what the worker
 * names.
 */
export async function examineInChromium(page: Page, instances: readonly Uint8Array[]): Promise<Answer[]> {
  const script = (await readdir(ASSETS)).find((name) => /^triage\.worker-.*\.js$/.test(name));
  if (script === undefined) throw new Error('the web app was built without the worker of the models');
  const worker = await page.evaluateHandle((url) => new Worker(url, { type: 'module' }), `/assets/${script}`);
  const answers: Answer[] = [];
  for (const bytes of instances) {
    answers.push(
      await worker.evaluate(
        (asked, base64) =>
          new Promise<Answer>((resolve, reject) => {
            asked.onmessage = ({
              data,
            }: MessageEvent<{ kind: string; name?: string; examined?: Examination }>) => {
              if (data.kind === 'examined')
                resolve({ triage: data.examined!.triage, readings: data.examined!.readings });
              else reject(new Error(data.name));
            };
            asked.onerror = () => reject(new Error('the worker died'));
            const file = new Blob([Uint8Array.from(atob(base64), (character) => character.charCodeAt(0))]);
            asked.postMessage({ kind: 'examine', ref: { kind: 'file', file } });
          }),
        Buffer.from(bytes).toString('base64'),
      ),
    );
  }
  await worker.evaluate((ended) => ended.terminate());
  return answers;
}
