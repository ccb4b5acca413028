declare module '*.cql' {
  const text: string;
  // biome-ignore lint/style/noDefaultExport: a file that is imported as text is the default export.
  export default text;
}
