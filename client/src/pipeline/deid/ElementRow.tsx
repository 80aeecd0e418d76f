/** The row of an element before and after: its name, both values, what was done and why. */
import type { ComponentChildren } from 'preact';
import { isPrivate, tagName } from '#shared/dicom/dictionary.ts';
import { deidWords } from './deid-words.ts';
import { Icon } from '../../kit/Icon.tsx';
import { kitWords } from '../../kit/kit-words.ts';
import type { ComparedRow, ShownValue } from '../compare/comparison.ts';
import { inWords, type Entry } from './list-entries.ts';

/** A longer value would push the next row out of sight. Its length shows that there is more. */
const LINE_CHARACTERS = 160;
/** Deeper elements keep the same margin, because a phone has no room for more. */
const DEEPEST_INDENT = 5;

export function ElementRow({
  entry,
  withRule,
  onFlip,
}: {
  readonly entry: Extract<Entry, { kind: 'row' }>;
  /** Whether the row of the standard's table is shown too. */
  readonly withRule: boolean;
  readonly onFlip: () => void;
}) {
  const { row, open } = entry;
  const name = nameOf(row);
  return (
    <div
      class="change"
      data-change={row.change}
      data-item={row.item !== null}
      style={{ '--depth': Math.min(row.depth, DEEPEST_INDENT) }}
    >
      <div class="change-name">
        {open !== null && (
          <button
            type="button"
            class="change-open"
            aria-expanded={open}
            aria-label={open ? deidWords.list.close(name) : deidWords.list.open(name)}
            onClick={onFlip}
          >
            <span class="change-mark" data-open={open}>
              <Icon name="chevron" size={16} turns />
            </span>
          </button>
        )}
        <div class="change-words">
          <p class="change-keyword">{inWords(name)}</p>
          {row.item === null && (
            <p class="code quiet">
              {row.keyword && <>{breakable(row.keyword)} </>}({tagName(row.tag)}) {row.vr}
            </p>
          )}
        </div>
      </div>
      {row.item === null && (
        <>
          <div class="change-value">
            <span class="change-side small quiet">{deidWords.list.columns.before}</span>
            <Value value={row.before} />
          </div>
          <div class="change-value">
            <span class="change-side small quiet">{deidWords.list.columns.after}</span>
            <div class="change-after">
              {row.change !== 'removed' && row.change !== 'emptied' && <Value value={row.after} />}
              <Why row={row} withRule={withRule} />
            </div>
          </div>
        </>
      )}
    </div>
  );
}

/** Keywords are words written together, so line breaks are allowed between the words. */
function breakable(name: string): ComponentChildren {
  return name
    .split(/(?<=[a-z])(?=[A-Z])/)
    .flatMap((word, at) => (at === 0 ? [word] : [<wbr key={at} />, word]));
}

function nameOf({ item, keyword, tag }: ComparedRow): string {
  if (item !== null) return deidWords.value.item(item);
  return keyword ?? (isPrivate(tag) ? deidWords.value.privateElement : deidWords.value.nameless);
}

function Value({ value }: { readonly value: ShownValue | null }) {
  if (value === null) return <p class="quiet">{deidWords.value.absent}</p>;
  if (value.kind === 'binary') return <p class="quiet numbers">{deidWords.value.binary(value.bytes)}</p>;
  if (value.kind === 'items') return <p class="quiet numbers">{deidWords.value.items(value.items)}</p>;
  if (value.text === '') return <p class="quiet">{deidWords.value.empty}</p>;
  const isCut = value.characters > LINE_CHARACTERS;
  return (
    <>
      <p class="change-text">
        <bdi>{isCut ? `${Array.from(value.text).slice(0, LINE_CHARACTERS).join('')}…` : value.text}</bdi>
      </p>
      {isCut && <p class="small quiet numbers">{deidWords.value.cut(value.characters)}</p>}
    </>
  );
}

/**
 * Why the element is as it is. If it was kept although a rule applies to it, it already had the value that the rule
 * produces.
 */
function reasonOf({ change, action, because }: ComparedRow): string {
  const isAlready = change === 'kept' && action !== null && action !== 'K' && action !== 'C';
  return isAlready ? deidWords.already : deidWords.because[because];
}

/** The standard's table does not determine the changes of a policy that keeps names, or of an order. */
const isWithoutRule = ({ because }: ComparedRow): boolean =>
  because === 'identified' || because === 'ordered';

function Why({ row, withRule }: { readonly row: ComparedRow; readonly withRule: boolean }) {
  return (
    <p class="change-why small">
      <span class="change-done">{deidWords.changes[row.change]}</span>
      {row.change !== 'inside' && <span class="quiet">{`${kitWords.separator}${reasonOf(row)}`}</span>}
      {withRule && row.profile !== null && row.change !== 'inside' && !isWithoutRule(row) && (
        <>
          {' '}
          <span class="change-table quiet">{deidWords.table(row.profile)}</span>
        </>
      )}
    </p>
  );
}
