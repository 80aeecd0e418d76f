/** Stores the maps that explain a result. Each is a square that covers the whole image. */
import type { LungMasks } from '#shared/models/lung-fields.ts';
import type { Db, Trx } from '../database/database.ts';
import type { MapData, ResultMap } from '../images/examination.ts';

export async function insertMaps(trx: Trx, resultId: string, maps: readonly ResultMap[]): Promise<void> {
  for (const { name, dims, data } of maps) {
    const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
    await trx
      .insertInto('result_map')
      .values({ result_id: resultId, name, dims: [...dims], bytes })
      .execute();
  }
}

export async function mapOf<Name extends keyof MapData>(
  db: Db,
  resultId: string,
  name: Name,
): Promise<ResultMap<Name> | undefined> {
  const row = await db
    .selectFrom('result_map')
    .select(['dims', 'bytes'])
    .where('result_id', '=', resultId)
    .where('name', '=', name)
    .executeTakeFirst();
  if (row === undefined) return undefined;
  return { name, dims: row.dims, data: READ[name](row.bytes) };
}

/**
 * Copies the bytes, because float32 values need an offset that is a multiple of 4 and a driver may return part of a
 * larger buffer.
 */
const floats = (bytes: Uint8Array): Float32Array => new Float32Array(new Uint8Array(bytes).buffer);
const READ: { readonly [Name in keyof MapData]: (bytes: Uint8Array) => MapData[Name] } = {
  cam: floats,
  attributions: floats,
  lungs: (bytes) => new Uint8Array(bytes),
};

export const sideOf = ({ dims }: ResultMap): number => dims.at(-1)!;

export function masksOf(lungs: ResultMap<'lungs'>): LungMasks {
  const cells = lungs.data.length / 2;
  return { side: sideOf(lungs), right: lungs.data.subarray(0, cells), left: lungs.data.subarray(cells) };
}
