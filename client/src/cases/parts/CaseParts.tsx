/** Parts shared by the pages of cases: the switch that hides names, and the words of a due date. */
import type { CasePart, ListedCase } from '#shared/protocol/cases.ts';
import { formatDicomDate } from '../../kit/format.ts';
import { HideNames } from '../../kit/HideNames.tsx';
import { identitySaid, namesHidden } from '../../kit/identities.ts';
import { dayOf } from './case-filters.ts';
import { caseWords as words } from './case-words.ts';

export type WithheldProps = { readonly withheld: readonly CasePart[] };

/** A person who may never see titles gets no switch. */
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

/**
 * The title, or the case number, which may be shown anywhere. A list keeps its rows until its version without titles
 * has arrived.
 */
export const nameOf = ({ title, number }: Pick<ListedCase, 'title' | 'number'>): string =>
  identitySaid(title) || words.caseNumber(number);

export const dayWords = (day: string): string => formatDicomDate(day.replaceAll('-', '')) ?? day;

/** A closed case is never overdue. */
export const isOverdue = ({ dueOn, status }: Pick<ListedCase, 'dueOn' | 'status'>): boolean =>
  dueOn !== null && status !== 'closed' && dueOn < dayOf(new Date());
