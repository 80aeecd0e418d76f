/** Labelled films as studies, and what the device makes of them: for tests of the models on the device in a browser. */
import type { Page } from 'playwright-core';
import type { DeviceTriage } from '#shared/protocol/inference.ts';
import { onDisk, type StudyOnDisk } from '#testing/app-page.ts';
import { filmOf, readEvalImage, type EvalSet, type turned } from '#testing/films.ts';

/** From the card of the model `pneumonia`. */
export const THRESHOLD = 0.212;

export const scoreOf = ({ expected }: EvalSet['images'][number]): number =>
  expected.pneumonia?.score ?? Number.NaN;

/** Films that the model finds nothing on. */
export const normalsOf = ({ images }: EvalSet) =>
  images.filter((image) => image.finding === 'normal' && scoreOf(image) < THRESHOLD);

/** A film with a finding that no tolerance hides. */
export const positiveOf = ({ images }: EvalSet) =>
  images.find((image) => image.finding !== undefined && image.finding !== 'normal' && scoreOf(image) > 0.9)!;

export type Film = StudyOnDisk & { readonly studyInstanceUID: string };

export async function childFilm({
  set,
  file,
  seed,
  change = (picture) => picture,
}: {
  set: EvalSet;
  file: string;
  seed: number;
  change?: typeof turned;
}): Promise<Film> {
  const { studyInstanceUID, bytes } = filmOf(change(await readEvalImage(set, file)), { seed });
  return { ...onDisk(`film-${seed}.dcm`, bytes), studyInstanceUID };
}

/** The rows of instances in the device's queue, by study UID as sent. */
export function triageInQueue(page: Page): Promise<Record<string, DeviceTriage | null>> {
  return page.evaluate(async () => {
    const asked = <T>(request: IDBRequest<T>) =>
      new Promise<T>((resolve, reject) => {
        request.onsuccess = () => resolve(request.result);
        request.onerror = () => reject(request.error);
      });
    const database = await asked(indexedDB.open('relaypacs'));
    const reading = database.transaction(['studies', 'instances']);
    const studies = await asked(
      reading.objectStore('studies').getAll() as IDBRequest<{ id: string; studyInstanceUID: string }[]>,
    );
    const instances = await asked(
      reading.objectStore('instances').getAll() as IDBRequest<{ studyId: string; triage?: DeviceTriage }[]>,
    );
    database.close();
    return Object.fromEntries(
      studies.map(({ id, studyInstanceUID }) => [
        studyInstanceUID,
        instances.find(({ studyId }) => studyId === id)?.triage ?? null,
      ]),
    );
  });
}

export async function keepEverythingUnchanged(page: Page): Promise<void> {
  await page.getByRole('button', { name: /Change$/ }).click();
  await page.getByLabel(/^Keep everything unchanged/).check();
  await page.getByRole('button', { name: 'Keep names' }).click();
}
