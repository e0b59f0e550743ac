/** Whether two types are the same, `any` and `never` told apart from everything else. */
export type Equals<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
/** Compiles for `true` only. */
export type Expect<T extends true> = T;
export type Not<T extends boolean> = T extends true ? false : true;
export type IsAny<T> = Equals<T, any>; // eslint-disable-line @typescript-eslint/no-explicit-any -- that is the question
