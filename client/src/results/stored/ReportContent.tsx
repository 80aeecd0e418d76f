/**
 * A structured report on the page: its flags, its observer, and its content in the report's own order, with codes and
 * units. A reference links to the instance if that belongs to this result.
 */
import type { ComponentChildren } from 'preact';
import type { Code, ContentItem, StructuredReport } from '#shared/dicom/content-tree.ts';
import type { Result } from '#shared/protocol/inference.ts';
import { CodeLine } from '../../kit/CodeLine.tsx';
import { nameSaid, typedSaid } from '../../kit/identities.ts';
import { Icon } from '../../kit/Icon.tsx';
import { kitWords } from '../../kit/kit-words.ts';
import { momentSaid } from './stored-moment.ts';
import { hrefOfInstance, titleOfReport } from '../parts/stored-places.ts';
import { storedWords } from '../parts/stored-words.ts';
import type { StoredHead } from './read-stored.ts';

const CONTEXT = 'HAS OBS CONTEXT';
const MODIFIER = 'HAS CONCEPT MOD';
/** PS3.16 TID 1501: identifies a group of measurements. */
const TRACKING = '112039';
/** Texts written by people: a comment (DCM 121106), and the reason of a verdict. */
const TYPED = ['121106', 'REASON'];

/** Null: the report is not of a result. */
type OfResult = { readonly result: Result | null };

type ReportContentProps = OfResult & { readonly report: StructuredReport; readonly head: StoredHead };

export function ReportContent({ report, head, result }: ReportContentProps) {
  const { content } = report;
  const parts = content.items.filter(
    ({ relationship }) => relationship !== CONTEXT && relationship !== MODIFIER,
  );
  return (
    <article class="report" aria-label={content.name?.meaning ?? ''}>
      <header class="report-head">
        <h2>{content.name?.meaning}</h2>
        <Flags report={report} head={head} />
      </header>
      {parts.map((item, at) => (
        <Part key={at} item={item} result={result} level={2} />
      ))}
      <Rows
        title={storedWords.context}
        items={content.items.filter(({ relationship }) => relationship === CONTEXT)}
        result={result}
      />
      <Rows
        title={storedWords.about}
        items={content.items.filter(({ relationship }) => relationship === MODIFIER)}
        result={result}
      />
    </article>
  );
}

function Flags({ report, head }: Omit<ReportContentProps, 'result'>) {
  const { completion, completionDescription, verification, preliminary, verifiers, predecessors } = report;
  const said = storedWords.flags;
  return (
    <>
      <ul class="report-flags small" aria-label={said.label}>
        <li data-verified={verification === 'VERIFIED'}>
          <Icon name={verification === 'VERIFIED' ? 'person' : 'caution'} size={20} />
          {said.verification[verification] ?? verification}
        </li>
        <li>
          {[said.completion[completion] ?? completion, completionDescription].filter(Boolean).join(': ')}
        </li>
        {preliminary !== '' && <li>{said.preliminary[preliminary] ?? preliminary}</li>}
      </ul>
      {(verifiers.length > 0 || predecessors.length > 0) && (
        <dl class="facts small">
          {verifiers.map(({ name, at }) => (
            <Row key={name} name={said.verifiedBy}>
              <bdi>
                {[nameSaid(name), momentSaid(at.slice(0, 8), at.slice(8), head)]
                  .filter(Boolean)
                  .join(kitWords.separator)}
              </bdi>
            </Row>
          ))}
          {predecessors.map((uid) => (
            <Row key={uid} name={said.completes}>
              <CodeLine code={uid} />
            </Row>
          ))}
        </dl>
      )}
    </>
  );
}

type PartProps = OfResult & { readonly item: ContentItem; readonly level: 2 | 3 };

/** A container with its heading: its own items first, then the containers inside it. */
function Part({ item, result, level }: PartProps) {
  if (item.value.kind !== 'nothing') return <Rows items={[item]} result={result} />;
  const tracking = item.items.find(({ name }) => name?.value === TRACKING);
  const title = tracking?.value.kind === 'text' ? tracking.value.text : (item.name?.meaning ?? '');
  const leaves = item.items.filter((child) => child !== tracking && child.value.kind !== 'nothing');
  const parts = item.items.filter(({ value }) => value.kind === 'nothing');
  const Heading = level === 2 ? 'h2' : 'h3';
  // A container around a single other one adds a heading and no meaning.
  const [only] = parts;
  const inner = leaves.length === 0 && parts.length === 1 && only ? only.items : null;
  return (
    <section class={level === 2 ? 'report-part' : 'report-group'}>
      <Heading>{title}</Heading>
      {inner ? <Grouped leaves={inner} result={result} /> : <Grouped leaves={leaves} result={result} />}
      {inner === null && parts.map((part, at) => <Part key={at} item={part} result={result} level={3} />)}
    </section>
  );
}

/** The finding comes first. Model and image follow below, where readers look for them. */
function Grouped({ leaves, result }: OfResult & { readonly leaves: readonly ContentItem[] }) {
  const isBeside = ({ relationship, value }: ContentItem) =>
    relationship === CONTEXT || relationship === MODIFIER || value.kind === 'reference';
  const found = leaves.filter((leaf) => !isBeside(leaf));
  if (found.length === 0) return <Rows items={leaves} result={result} />;
  const beside = leaves.filter(isBeside);
  return (
    <>
      <Rows items={found} result={result} />
      {beside.length > 0 && (
        <details class="disclosure">
          <summary>
            <span class="disclosure-mark">
              <Icon name="chevron" size={16} turns />
            </span>
            <span class="small">
              {result === null ? storedWords.sourceAlone : storedWords.modelAndSource}
            </span>
          </summary>
          <Rows items={beside} result={result} />
        </details>
      )}
    </>
  );
}

function Rows({
  title,
  items,
  result,
}: OfResult & { readonly title?: string; readonly items: readonly ContentItem[] }) {
  if (items.length === 0) return null;
  const rows = (
    <dl class="facts">
      {items.map((item, at) => (
        <Row key={at} name={nameOf(item)} codes={[item.name, ...narrowedTo(item)]}>
          <Value item={item} result={result} />
        </Row>
      ))}
    </dl>
  );
  if (title === undefined) return rows;
  return (
    <section class="report-part">
      <h2>{title}</h2>
      {rows}
    </section>
  );
}

/** The site of a finding, and other modifiers of its concept. */
function narrowedTo({ items }: ContentItem): readonly Code[] {
  return items.flatMap(({ value }) => (value.kind === 'code' ? value.code : []));
}

/** "Fraction of the image …, Right lung". */
function nameOf(item: ContentItem): string {
  return [item.name?.meaning ?? storedWords.image, ...narrowedTo(item).map(({ meaning }) => meaning)].join(
    ', ',
  );
}

function Row({
  name,
  codes = [],
  children,
}: {
  readonly name: string;
  readonly codes?: readonly (Code | null)[];
  readonly children: ComponentChildren;
}) {
  return (
    <div class="fact report-row">
      <dt>
        {name}
        {codes.map((code) => code && <CodeOf key={code.value} code={code} />)}
      </dt>
      <dd>{children}</dd>
    </div>
  );
}

function CodeOf({ code }: { readonly code: Code }) {
  return <span class="report-code code quiet">{`${code.scheme} ${code.value}`}</span>;
}

function Value({ item: { name, value }, result }: OfResult & { readonly item: ContentItem }) {
  switch (value.kind) {
    case 'text':
      return (
        <bdi class="report-text">
          {TYPED.includes(name?.value ?? '') ? typedSaid(value.text) : value.text}
        </bdi>
      );
    case 'name':
      return <bdi>{nameSaid(value.name)}</bdi>;
    case 'code':
      return (
        <>
          <span class="strong">{value.code.meaning}</span>
          <CodeOf code={value.code} />
        </>
      );
    case 'number':
      return (
        <>
          <span class="strong numbers">{value.number}</span>{' '}
          {value.unit && (
            <span class="quiet">{value.unit.value === '1' ? value.unit.meaning : value.unit.value}</span>
          )}
        </>
      );
    case 'uid':
      return <CodeLine code={value.uid} />;
    case 'reference': {
      const own = result?.instances.find(({ sopInstanceUID }) => sopInstanceUID === value.sopInstanceUID);
      return (
        <>
          {result && own ? (
            <a class="report-link" href={hrefOfInstance(result.id, own)}>
              {titleOfReport(result, own)}
            </a>
          ) : (
            <span>
              {result === null || value.sopInstanceUID === result.finding.input.sopInstanceUID
                ? storedWords.source
                : storedWords.another}
            </span>
          )}
          <CodeLine code={value.sopInstanceUID} />
        </>
      );
    }
    case 'nothing':
      return null;
    default:
      return value satisfies never;
  }
}
