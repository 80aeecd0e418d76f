/** Says that verdicts could not be saved before signing out. */
import { Notice } from '../kit/Notice.tsx';
import { accountWords } from './account-words.ts';

export function Unkept() {
  return (
    <Notice kind="stop" title={accountWords.unkept}>
      <p>{accountWords.unkeptWhat}</p>
    </Notice>
  );
}
