package io.evenkeel.server;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.Architectures.layeredArchitecture;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;

/** The house, floor by floor: who may know whom. */
@AnalyzeClasses(
    packages = "io.evenkeel",
    importOptions = {ImportOption.DoNotIncludeTests.class})
class ArchitectureTest {

  @ArchTest
  static final ArchRule floorsKnowOnlyFloorsBelow =
      layeredArchitecture()
          .consideringOnlyDependenciesInAnyPackage("io.evenkeel..")
          .layer("core")
          .definedBy("io.evenkeel.core..")
          .layer("health")
          .definedBy("io.evenkeel.health..")
          .layer("pool")
          .definedBy("io.evenkeel.pool..")
          .layer("proxy")
          .definedBy("io.evenkeel.proxy..")
          .layer("server")
          .definedBy("io.evenkeel.server..")
          .whereLayer("server")
          .mayNotBeAccessedByAnyLayer()
          .whereLayer("proxy")
          .mayOnlyBeAccessedByLayers("server")
          .whereLayer("health")
          .mayOnlyBeAccessedByLayers("proxy", "server")
          .whereLayer("pool")
          .mayOnlyBeAccessedByLayers("proxy", "server")
          .whereLayer("core")
          .mayOnlyBeAccessedByLayers("health", "pool", "proxy", "server");

  @ArchTest
  static final ArchRule packagesFormNoCycle =
      slices().matching("io.evenkeel.(**)").should().beFreeOfCycles();

  @ArchTest
  static final ArchRule onlyLoopsKnowTheSelectorOfJavaNio =
      noClasses()
          .that()
          .haveNameNotMatching(".*\\.(EventLoop|ProbeLoop)[^.]*")
          .should()
          .dependOnClassesThat()
          .haveFullyQualifiedName("java.nio.channels.Selector");

  @ArchTest
  static final ArchRule onlyTheProgramEndsTheProcess =
      noClasses()
          .that()
          .resideOutsideOfPackage("io.evenkeel.server..")
          .should()
          .callMethod(System.class, "exit", int.class)
          .orShould()
          .callMethod(Runtime.class, "exit", int.class)
          .orShould()
          .callMethod(Runtime.class, "halt", int.class);
}
