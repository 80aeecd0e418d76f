/**
 * Findings of models in the images of a review, each in words, with the kind of image and the confidence. The kind of
 * an image is not a finding and is listed separately.
 */
import type { Result } from '#shared/protocol/inference.ts';
import { Icon } from '../../kit/Icon.tsx';
import { hrefOf } from '../../kit/routes.ts';
import {
  className,
  headlineOf,
  judgedWords,
  modelName,
  shortOf,
  SIGNS,
} from '../../results/parts/describe-result.ts';
import { NotForDiagnosis } from '../../kit/NotForDiagnosis.tsx';
import { reviewWords } from '../parts/review-words.ts';

const words = reviewWords.found;

type FoundProps = { readonly found: readonly Result[]; readonly reviewId: string };

export function WhatModelsFound({ found, reviewId }: FoundProps) {
  const isKind = ({ finding }: Result): boolean => headlineOf(finding).kind === 'kind';
  return (
    <>
      <Found title={words.title} found={found.filter((one) => !isKind(one))} reviewId={reviewId} />
      <Found title={words.kinds} found={found.filter(isKind)} reviewId={reviewId} />
    </>
  );
}

function Found({ title, found, reviewId }: FoundProps & { readonly title: string }) {
  if (found.length === 0) return null;
  return (
    <section class="stack-tight" aria-label={title}>
      <h2>{title}</h2>
      <NotForDiagnosis />
      <ul class="plain">
        {found.map((result) => (
          <li key={result.id} class="hairline row review-found">
            <One result={result} reviewId={reviewId} />
          </li>
        ))}
      </ul>
    </section>
  );
}

type OneProps = Pick<FoundProps, 'reviewId'> & { readonly result: Result };

function One({ result, reviewId }: OneProps) {
  const { id, finding } = result;
  const headline = headlineOf(finding);
  const about = [
    headline.kind !== 'kind' && className(finding.image.kind),
    modelName(finding.model),
    ...judgedWords(result),
  ];
  return (
    <>
      <Icon name={SIGNS[headline.kind]} size={20} />
      <p>
        <span class="strong">{shortOf(headline)}</span>
        <bdi class="small quiet review-found-about">{about.filter(Boolean).join(reviewWords.separator)}</bdi>
      </p>
      <a
        class="button button-bare"
        href={hrefOf({ page: 'results', at: 'results', id, beside: `review-${reviewId}` })}
        aria-label={words.openOf(shortOf(headline), modelName(finding.model))}
      >
        {words.open}
      </a>
    </>
  );
}
