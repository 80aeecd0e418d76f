/** The figures of one question: while they come, when they do not, and when there are none. */
import type { ComponentChildren } from 'preact';
import type { z } from 'zod';
import { CaseTroubleNotice } from '../cases/CaseParts.tsx';
import { useLate } from '../kit/use-late.ts';
import { analyticsWords as words } from './analytics-words.ts';
import { formatWholeDay } from './format-period.ts';
import { useFigures } from './use-figures.ts';

type Ranged = { readonly from: string; readonly to: string };
export type FiguresOfProps<S extends z.ZodType<Ranged>> = {
  readonly path: string;
  readonly schema: S;
  readonly isEmpty: (figures: z.infer<S>) => boolean;
  readonly children: (figures: z.infer<S>) => ComponentChildren;
};

export function FiguresOf<S extends z.ZodType<Ranged>>({
  path,
  schema,
  isEmpty,
  children,
}: FiguresOfProps<S>) {
  const { figures, trouble, again } = useFigures(path, schema);
  const late = useLate(figures === null && trouble === null);
  return (
    <div class="stack" aria-busy={figures === null && trouble === null}>
      <CaseTroubleNotice trouble={trouble}>
        <p>
          <button type="button" class="button" onClick={again}>
            {words.again}
          </button>
        </p>
      </CaseTroubleNotice>
      {late && <p class="quiet">{words.loading}</p>}
      {figures !== null && (
        <>
          <p class="small quiet">{words.range(formatWholeDay(figures.from), formatWholeDay(figures.to))}</p>
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
