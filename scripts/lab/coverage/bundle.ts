/** A script of the built web app, led back to the statements of the sources that it was made of. */
import { readFile } from 'node:fs/promises';
import { relative } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { eachMapping, TraceMap, type EachMapping } from '@jridgewell/trace-mapping';
import { ignoreFailure } from '#shared/ignore-failure.ts';
import { ROOT } from '../../check/source-files.ts';
import type { CoveredFile, Statement } from './statements.ts';

export type Bundle = {
  /** In the script, ascending. */
  readonly offsets: readonly number[];
  /** For each of `offsets`: the statements that begin there. */
  readonly statementsAt: readonly (readonly { readonly file: CoveredFile; readonly statement: number }[])[];
};

/** A place of a source, and where it is in the script. */
type Place = { readonly source: number; readonly script: number };

function lineStarts(text: string): number[] {
  const starts = [0];
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) starts.push(at + 1);
  return starts;
}

/** By the path of the source. */
function placesOf(
  script: string,
  map: TraceMap,
  files: ReadonlyMap<string, CoveredFile>,
): Map<string, Place[]> {
  const inScript = lineStarts(script);
  const inSources = new Map([...files].map(([path, { text }]) => [path, lineStarts(text)]));
  const places = new Map<string, Place[]>();
  eachMapping(
    map,
    ({ source, originalLine, originalColumn, generatedLine, generatedColumn }: EachMapping) => {
      const path = source?.startsWith('file:') ? relative(ROOT, fileURLToPath(source)) : '';
      const starts = inSources.get(path);
      if (starts === undefined || originalLine === null) return;
      const place = {
        source: starts[originalLine - 1]! + originalColumn,
        script: inScript[generatedLine - 1]! + generatedColumn,
      };
      const known = places.get(path);
      if (known) known.push(place);
      else places.set(path, [place]);
    },
  );
  return places;
}

/** The first place that the builder kept of a statement; undefined for one that it left out. */
function firstWithin({ start, end }: Statement, ascending: readonly Place[]): Place | undefined {
  return ascending.find(({ source }) => source >= start && source < end);
}

/** Null if there is no such script, or it has no source map: it does not belong to this build. */
export async function openBundle(
  path: string,
  files: ReadonlyMap<string, CoveredFile>,
): Promise<Bundle | null> {
  const read = (file: string) => ignoreFailure(readFile(file, 'utf8'), 'tests serve scripts of their own');
  const script = await read(path);
  const map = await read(`${path}.map`);
  if (script === undefined || map === undefined) return null;
  const trace = new TraceMap(map, pathToFileURL(`${path}.map`).href);
  const at = new Map<number, { file: CoveredFile; statement: number }[]>();
  for (const [source, places] of placesOf(script, trace, files)) {
    const file = files.get(source)!;
    const ascending = places.sort((a, b) => a.source - b.source);
    for (const [statement, each] of file.statements.entries()) {
      const place = firstWithin(each, ascending);
      if (place) at.set(place.script, [...(at.get(place.script) ?? []), { file, statement }]);
    }
  }
  const entries = [...at].sort(([a], [b]) => a - b);
  return { offsets: entries.map(([offset]) => offset), statementsAt: entries.map(([, each]) => each) };
}
