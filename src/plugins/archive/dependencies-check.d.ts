/** Embedded into the executable as text. */
declare module "*/dependencies-check.py" {
  const text: string;
  export default text;
}
