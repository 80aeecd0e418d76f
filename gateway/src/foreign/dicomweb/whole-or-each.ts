/**
 * Reads a study, a series or an instance from the PACS as a whole, or instance by instance if the PACS does not find
 * the whole.
 */
import { isUid } from '#shared/dicom/uid.ts';
import { Problem } from '#shared/protocol/problem.ts';
import { readDataSets } from './read-data-sets.ts';
import { ROWS_LIMIT } from './search-query.ts';
import type { Visit } from './web-visit.ts';

export type Where = { readonly study: string; readonly series?: string; readonly instance?: string };

export const pathOf = ({ study, series, instance }: Where): string =>
  `/studies/${study}${series === undefined ? '' : `/series/${series}`}${instance === undefined ? '' : `/instances/${instance}`}`;

/** Orthanc does not find a study that it lists under several patients, but it finds each of its instances. */
export async function* wholeOrEach<T>(
  visit: Visit,
  where: Where,
  read: (path: string) => AsyncGenerator<T>,
): AsyncGenerator<T> {
  let isFound = false;
  try {
    for await (const one of read(pathOf(where))) {
      isFound = true;
      yield one;
    }
    return;
  } catch (error) {
    const isMissing = error instanceof Problem && error.code === 'not-found';
    if (isFound || !isMissing || where.instance !== undefined) throw error;
  }
  for await (const path of listedPaths(visit, where)) {
    isFound = true;
    yield* read(path);
  }
  if (!isFound) throw new Problem('not-found');
}

/**
 * Paths of all instances that the PACS has there. They are listed page by page, because the PACS may return fewer rows
 * than requested.
 */
export async function* listedPaths(visit: Visit, where: Where): AsyncGenerator<string> {
  const known = new Set<string>();
  for (let offset = 0; ; ) {
    const before = known.size;
    const rows = await Array.fromAsync(
      readDataSets(visit, `${pathOf(where)}/instances?limit=${ROWS_LIMIT}&offset=${offset}`),
    );
    for (const { facts } of rows) {
      const { series = where.series, instance } = facts.uids;
      if (series === undefined || !isUid(series) || instance === undefined || !isUid(instance)) continue;
      const path = pathOf({ study: where.study, series, instance });
      if (!known.has(path)) yield path;
      known.add(path);
    }
    if (known.size === before) return;
    offset += rows.length;
  }
}
