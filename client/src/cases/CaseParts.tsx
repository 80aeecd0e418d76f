/** Parts that the pages of cases share: a refusal, the switch that hides names, and the words of a due date. */
import type { ComponentChildren } from 'preact';
import type { CasePart, ListedCase } from '#shared/protocol/cases.ts';
import { CodeLine } from '../kit/CodeLine.tsx';
import { formatDicomDate } from '../kit/format.ts';
import { HideNames } from '../kit/HideNames.tsx';
import { namesHidden } from '../kit/identities.ts';
import { Notice } from '../kit/Notice.tsx';
import { dayOf } from './case-filters.ts';
import type { CaseTrouble } from './case-trouble.ts';
import { caseWords as words } from './case-words.ts';

type TroubleProps = { readonly trouble: CaseTrouble | null; readonly children?: ComponentChildren };

export function CaseTroubleNotice({ trouble, children }: TroubleProps) {
  return (
    <div role="alert">
      {trouble && (
        <Notice kind="stop" title={trouble.title}>
          {trouble.next && <p>{trouble.next}</p>}
          {children}
          {trouble.code && <CodeLine code={trouble.code} />}
        </Notice>
      )}
    </div>
  );
}

export type WithheldProps = { readonly withheld: readonly CasePart[] };

/** A person who never sees titles needs no switch. */
export function Withheld({ withheld }: WithheldProps) {
  return (
    <div class="case-withheld">
      {(namesHidden.value || !withheld.includes('title')) && <HideNames />}
      {withheld.length > 0 && (
        <p class="small quiet">
          {words.withheld} {withheld.map((part) => words.parts[part]).join(', ')}.
        </p>
      )}
    </div>
  );
}

/** Unlike the title, it may stand anywhere. */
export const nameOf = ({ title, number }: Pick<ListedCase, 'title' | 'number'>): string =>
  title ?? words.caseNumber(number);

export const dayWords = (day: string): string => formatDicomDate(day.replaceAll('-', '')) ?? day;

/** A closed case is never late. */
export const isOverdue = ({ dueOn, status }: Pick<ListedCase, 'dueOn' | 'status'>): boolean =>
  dueOn !== null && status !== 'closed' && dueOn < dayOf(new Date());
