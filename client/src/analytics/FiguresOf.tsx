/** The figures of one question: while they come, when they do not, and when there are none. */
import type { ComponentChildren } from 'preact';
import type { z } from 'zod';
import { TroubleAlert } from '../kit/TroubleAlert.tsx';
import { useLate } from '../kit/use-late.ts';
import { analyticsWords as words } from './analytics-words.ts';
import { formatWholeDay } from './format-period.ts';
import { useFigures } from './use-figures.ts';

type Ranged = { readonly from: string; readonly to: string };
export type FiguresOfProps<S extends z.ZodType<Ranged>> = {
  readonly path: string;
  readonly schema: S;
  readonly isEmpty: (figures: z.infer<S>) => boolean;
  /** A sentence about the figures, shown also where there are none; null: there is nothing to say. */
  readonly about?: (figures: z.infer<S>) => string | null;
  readonly children: (figures: z.infer<S>) => ComponentChildren;
};

export function FiguresOf<S extends z.ZodType<Ranged>>({
  path,
  schema,
  isEmpty,
  about,
  children,
}: FiguresOfProps<S>) {
  const { figures, trouble, again } = useFigures(path, schema);
  const said = figures && about?.(figures);
  const late = useLate(figures === null && trouble === null);
  return (
    <div class="stack" aria-busy={figures === null && trouble === null}>
      <TroubleAlert trouble={trouble}>
        <p>
          <button type="button" class="button" onClick={again}>
            {words.again}
          </button>
        </p>
      </TroubleAlert>
      {late && <p class="quiet">{words.loading}</p>}
      {figures !== null && (
        <>
          <p class="small quiet">{words.range(formatWholeDay(figures.from), formatWholeDay(figures.to))}</p>
          {said && <p class="small quiet">{said}</p>}
          {isEmpty(figures) ? <Empty /> : children(figures)}
        </>
      )}
    </div>
  );
}

function Empty() {
  return (
    <div class="stack-tight" role="status">
      <p class="strong">{words.none}</p>
      <p class="quiet">{words.noneNext}</p>
    </div>
  );
}
