/** Looks, as often as one likes, whether programs have written to the view of one org's mirror. */
export interface ProgramCommits extends Disposable {
  /**
   * Another number after each commit of a program that has changed something; null where there is no mirror, or it cannot
   * be read now. Where nobody has written to the file since, nothing is read.
   */
  look(): number | null;
}
